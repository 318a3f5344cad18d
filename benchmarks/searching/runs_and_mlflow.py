"""A hundred runs out of many, by a param and a metric, in the order of another metric, beside MLflow.

Each run has logged fifty metrics, and is given back with all of them.
"""

from __future__ import annotations

import statistics
from functools import partial
from pathlib import Path

import tracker

from ..figures import Answer, Figure, at_least, at_most
from ..peers import given, work
from ..peers.given import RUN_KEYS, GivenRun, RunSearch, Told
from ..programs import Facts, run
from ..setting import Setting
from . import stores
from .beside_mlflow import by_mlflow, figure, timed
from .clock import SEARCHES, require

# So many times fewer runs than the large store has models.
FEWER = 100
LENGTH = 100
MILLISECONDS = at_most(10, 3)
RATIO = at_least(50, 100)


def answer(setting: Setting) -> Answer:
    """Search each in a process of its own."""
    count = max(1, setting.models // FEWER)
    folder = stores.shared(setting, stores.RUNS, count)
    ours = run("searching.runs_and_mlflow", models=count, folder=folder, rounds=setting.rounds)
    theirs = by_mlflow(setting, stores.RUNS, count)
    title = f"{LENGTH} of {count:,} runs with {len(RUN_KEYS)} metrics each, filter and order"
    return Answer(
        [
            Figure(title, "ms", statistics.median(ours["ms"]), MILLISECONDS),
            figure(title, ours, theirs.get("searches", {}).get(stores.RUNS, theirs), RATIO),
        ],
        {"ours": ours, "mlflow": theirs},
    )


def main() -> None:
    """Search for each several times."""
    asked = work.arguments(__doc__)
    work.answer(searched(asked.folder, asked.models, SEARCHES * asked.rounds))


def searched(folder: Path, count: int, times: int) -> Facts:
    """Return the times of the searches, and what was found."""
    runs = list(given.long_runs(count))
    with tracker.open(folder, create=False) as store:
        for wanted in given.run_searches():
            require([each[0] for each in search(store, wanted)], right(runs, wanted), wanted.filter_string)
        return timed([partial(search, store, wanted) for wanted in given.run_searches()], times)


def search(store: tracker.Tracker, wanted: RunSearch) -> Told:
    """Search once."""
    found = store.search_runs(
        filter_string=wanted.filter_string, order_by=f"metrics.{wanted.order} DESC", max_results=LENGTH
    )
    return [(each.run_id, each.params, each.metrics) for each in found]


def right(runs: list[GivenRun], wanted: RunSearch) -> list[str]:
    """Return the IDs that a search must find."""
    passing = [run for run in runs if run.params["width"] == wanted.width and run.metrics[wanted.metric] > given.HALF]
    passing.sort(key=lambda run: -run.metrics[wanted.order])
    return [run.run_id for run in passing[:LENGTH]]


if __name__ == "__main__":
    main()
