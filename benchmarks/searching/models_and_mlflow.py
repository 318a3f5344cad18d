"""The five best models that pass a filter on a param, beside MLflow: the same models, with three metrics each.

One filter lets a quarter pass, the other one configuration's models. The param is compared as text, which is all that
MLflow can do.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import tracker

from ..figures import Answer, at_least
from ..peers import given, work
from ..peers.given import BY_RATE, BY_WIDTH, ModelSearch, Shape, Told
from ..programs import Facts, run
from ..setting import Setting
from . import stores
from .beside_mlflow import by_mlflow, figure, timed
from .clock import SEARCHES, require
from .judge import Judge
from .top import METRIC, TOP

# So many times fewer models than the large store has.
FEWER = 10
RATIO = at_least(200, 1000)


def answer(setting: Setting) -> Answer:
    """Search each in a process of its own."""
    models = max(1, setting.models // FEWER)
    folder = stores.shared(setting, "models-of-peers", models)
    ours = run("searching.models_and_mlflow", models=models, folder=folder, rounds=setting.rounds)
    theirs = by_mlflow(setting, "models", models)
    shares = {BY_WIDTH: "a quarter", BY_RATE: f"1 of {given.beside_peers(models).configurations:,}"}
    figures = [
        figure(
            f"top {TOP} of {models:,} models, {share} by a param",
            ours[kind],
            theirs.get("searches", {}).get(kind, theirs),
            RATIO,
        )
        for kind, share in shares.items()
    ]
    return Answer(figures, {"ours": ours, "mlflow": theirs})


def main() -> None:
    """Search for each several times."""
    asked = work.arguments(__doc__)
    shape = given.beside_peers(asked.models)
    work.answer(searched(asked.folder, shape, SEARCHES * asked.rounds))


def searched(folder: Path, shape: Shape, times: int) -> Facts:
    """Return the times of each kind of search, and what was found."""
    judge = Judge(shape)
    with tracker.open(folder, create=False) as store:
        for kind in given.KINDS:
            for wanted in given.model_searches(shape, kind):
                require([each[0] for each in search(store, wanted)], right(judge, wanted), wanted.filter_string)
        return {
            kind: timed([partial(search, store, wanted) for wanted in given.model_searches(shape, kind)], times)
            for kind in given.KINDS
        }


def search(store: tracker.Tracker, wanted: ModelSearch) -> Told:
    """Search once."""
    found = store.search_logged_models(
        filter_string=wanted.filter_string,
        order_by=[{"field_name": f"metrics.{METRIC}", "ascending": False}],
        max_results=TOP,
    )
    return [(model.model_id, model.params, model.metrics) for model in found]


def right(judge: Judge, wanted: ModelSearch) -> list[str]:
    """Return the IDs that a search must find."""
    return judge.top(METRIC, TOP, judge.is_param(wanted.param, wanted.value))


if __name__ == "__main__":
    main()
