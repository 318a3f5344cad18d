"""Ranking groups of seeds: models with equal params but for the seed, by a lower bound of their mean."""

from __future__ import annotations

import inspect
import math
import statistics
from collections import defaultdict
from collections.abc import Callable
from typing import cast

import tracker

from ..figures import Answer, Figure, at_most
from ..peers import given, work
from ..peers.given import GivenModel, Shape
from ..programs import Facts, run
from ..setting import Setting
from . import stores
from .clock import SEARCHES, milliseconds, require
from .top import METRIC, TOP, ids

# Ranked are so many times fewer models than the large store has.
FEWER = 10
MILLISECONDS = at_most(150, 40)
MISSING = "this version has no rank(…, seeds=…)"
# Student's t for 95 % on one side, by degrees of freedom; from a table.
STUDENT = {1: 6.313751515, 2: 2.919985580, 3: 2.353363435, 4: 2.131846786}
# A round ranks so many times less often than others search.
SELDOM = 10

RankSeeds = Callable[..., list[tracker.LoggedModel]]


def answer(setting: Setting) -> Answer:
    """Rank in a process of its own."""
    models = max(1, setting.models // FEWER)
    folder = stores.shared(setting, "models-of-peers", models)
    found = run("searching.seeds", models=models, folder=folder, rounds=setting.rounds)
    took = statistics.median(found["took"]) if "took" in found else None
    groups = given.beside_peers(models).configurations
    name = f"rank with {groups:,} groups of seeds, {models:,} models"
    return Answer([Figure(name, "ms", took, MILLISECONDS, note=found.get("missing", ""))], found)


def main() -> None:
    """Rank several times."""
    asked = work.arguments(__doc__)
    with tracker.open(asked.folder, create=False) as store:
        if "seeds" not in inspect.signature(store.rank).parameters:
            work.answer({"missing": MISSING})
        else:
            work.answer(ranked(store, given.beside_peers(asked.models), asked.rounds * SEARCHES // SELDOM))


def ranked(store: tracker.Tracker, shape: Shape, times: int) -> Facts:
    """Return how long each ranking took."""
    rank = cast("RankSeeds", store.rank)
    dataset = f"{given.DATASET}@{given.DIGEST}"
    took, found = zip(
        *(milliseconds(lambda: rank(METRIC, dataset=dataset, seeds="seed", top=TOP)) for _ in range(times + 1)),
        strict=True,
    )
    right = best_groups(shape)
    for each in found:
        require(ids(each), right, "groups of seeds")
    return {"first": took[0], "took": took[1:]}


def best_groups(shape: Shape) -> list[str]:
    """Return the best model of each of the best groups, the group with the greatest lower bound first."""
    groups: dict[int, dict[int, GivenModel]] = defaultdict(dict)
    for model in given.models(shape):
        seeds, seed = groups[model.run % shape.configurations], model.run // shape.configurations
        if seed not in seeds or model.metrics[METRIC] > seeds[seed].metrics[METRIC]:
            seeds[seed] = model
    best = sorted(groups.values(), key=lambda seeds: lower_bound(list(seeds.values())), reverse=True)[:TOP]
    return [max(seeds.values(), key=lambda model: model.metrics[METRIC]).model_id for seeds in best]


def lower_bound(models: list[GivenModel]) -> float:
    """Return what the mean of a group is at least, with 95 % confidence."""
    values = [model.metrics[METRIC] for model in models]
    error = statistics.stdev(values) / math.sqrt(len(values))
    return statistics.fmean(values) - STUDENT[len(values) - 1] * error


if __name__ == "__main__":
    main()
