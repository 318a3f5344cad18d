"""The five best models of all on one dataset's digest, beside SQL written by hand on the same file, and when few.

The SQL that tells as much (IDs, names, params, tags, all metrics) is what is compared; SQL that tells IDs and values
only is shown too. Everybody takes turns in one process. The small store has a hundredth of the models.
"""

from __future__ import annotations

import statistics
from contextlib import closing
from pathlib import Path

import tracker

from ..figures import Answer, Figure, at_most, compared
from ..peers import given, work
from ..peers.given import Shape
from ..programs import Facts, run
from ..setting import Setting
from . import hand_sql, stores
from .clock import SEARCHES, in_turns, require, spread
from .judge import Judge

METRIC = "accuracy"
ON_DATASET = {"dataset_name": given.DATASET, "dataset_digest": given.DIGEST}
ORDER = [{"field_name": f"metrics.{METRIC}", "ascending": False, **ON_DATASET}]
WHERE = (METRIC, given.DATASET, given.DIGEST)
TOP = 5
SEARCH, RANK, AT_FEW, EQUAL, BARE = "search", "rank", "at few", "SQL that tells as much", "SQL for IDs and values"
MILLISECONDS = at_most(2, 0.5)
AS_SQL = at_most(2, 1.2)
GROWTH = at_most(1.5, 1.1)


def answer(setting: Setting) -> Answer:
    """Search in a process of its own."""
    found = run(
        "searching.top",
        models=setting.models,
        folder=stores.large(setting),
        beside=stores.small(setting),
        rounds=setting.rounds,
    )
    took = {name: [each["p50"] for each in rounds] for name, rounds in found.items()}
    title = f"top {TOP} of {setting.models:,} models on one dataset, p50"
    few = f"of {stores.smaller(setting.models):,} models"
    return Answer(
        [
            Figure(title, "ms", statistics.median(took[SEARCH]), MILLISECONDS),
            Figure("the same by rank()", "ms", statistics.median(took[RANK])),
            *(
                compared(title, "ms", took[SEARCH], versus, took[name], target)
                for name, versus, target in ((EQUAL, EQUAL, AS_SQL), (BARE, BARE, None), (AT_FEW, few, GROWTH))
            ),
        ],
        found,
    )


def main() -> None:
    """Search, and let the SQL search, in turns."""
    asked = work.arguments(__doc__)
    if asked.beside is None:
        raise SystemExit("--beside: the small store is needed")
    work.answer(rounds(asked.folder, asked.models, asked.beside, asked.rounds))


def rounds(folder: Path, models: int, small: Path, count: int) -> Facts:
    """Return the spread of each one's times, by round."""
    with (
        tracker.open(folder, create=False) as store,
        tracker.open(small, create=False) as few,
        closing(hand_sql.connect(stores.database(folder))) as sql,
    ):
        works = {
            SEARCH: lambda: search(store),
            EQUAL: lambda: hand_sql.top(sql, *WHERE),
            BARE: lambda: hand_sql.bare(sql, *WHERE),
            AT_FEW: lambda: search(few),
            RANK: lambda: store.rank(METRIC, dataset=f"{given.DATASET}@{given.DIGEST}", top=TOP),
        }
        judge(store, Judge(Shape(models)), hand_sql.top(sql, *WHERE), hand_sql.bare(sql, *WHERE))
        require(ids(search(few)), Judge(Shape(stores.smaller(models))).top(METRIC, TOP), "the small store")
        found = [in_turns(works, SEARCHES) for _ in range(count)]
    return {name: [spread(took[name]) for took in found] for name in works}


def search(store: tracker.Tracker) -> list[tracker.LoggedModel]:
    """Ask for the best."""
    return store.search_logged_models(order_by=ORDER, max_results=TOP)


def ids(found: list[tracker.LoggedModel]) -> list[str]:
    """Return their IDs."""
    return [model.model_id for model in found]


def judge(store: tracker.Tracker, right: Judge, equal: list[Facts], bare: list[tuple[str, float, int]]) -> None:
    """Hold all answers to what is right, and ours and the SQL's to each other in all that they tell."""
    best, ours = right.top(METRIC, TOP), search(store)
    require(ids(ours), best, "search_logged_models")
    require(ids(store.rank(METRIC, dataset=given.DATASET, top=TOP)), best, "rank")
    require([row[0] for row in bare], best, BARE)
    require([sorted_(as_facts(model)) for model in ours], [sorted_(each) for each in equal], f"beside {EQUAL}")


def sorted_(facts: Facts) -> Facts:
    """Sort what has no order."""
    return {**facts, "metrics": sorted(facts["metrics"], key=lambda each: (each["key"], each["dataset"]))}


def as_facts(model: tracker.LoggedModel) -> Facts:
    """Return what a model tells as the SQL does."""
    info = model.info
    measured = [
        (each.key, each.value, each.step, each.timestamp, each.dataset.name, each.dataset.digest, each.run_id)
        for each in info.measurements
        if each.dataset
    ]
    row = (info.model_id, info.name, int(info.experiment_id), info.run_id, info.step, info.status, info.model_type)
    times = (info.creation_timestamp, info.last_updated_timestamp, model.metric(METRIC, given.DATASET))
    return {
        **dict(zip(hand_sql.NAMES[0], (*row, *times), strict=True)),
        "params": dict(info.params),
        "tags": dict(info.tags),
        "metrics": [dict(zip(hand_sql.NAMES[1], each, strict=True)) for each in measured],
    }


if __name__ == "__main__":
    main()
