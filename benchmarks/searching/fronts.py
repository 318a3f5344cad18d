"""The Pareto front of three metrics over all models: of three that are independent, and of three that are a trade-off.

The front of a trade-off has thousands of models; a hundred of them are asked for in both cases.
"""

from __future__ import annotations

import bisect
import inspect
import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import cast

import numpy as np

import tracker

from ..figures import Answer, Figure, at_most
from ..peers import given, work
from ..peers.given import Shape
from ..programs import Facts, run
from ..setting import Setting
from . import stores
from .clock import milliseconds, require
from .judge import Column, Judge
from .top import ids

INDEPENDENT, TRADED = "independent", "a trade-off"
GOALS: Mapping[str, Mapping[str, str]] = {
    INDEPENDENT: {"accuracy": "maximize", "latency_ms": "minimize", "size_mb": "minimize"},
    TRADED: {"accuracy": "maximize", "latency_ms": "minimize", given.TRADED: "minimize"},
}
PLACES = 100
TIMES = 5
MILLISECONDS = at_most(1000, 200)
MISSING = "this version has no rank({metric: goal, …})"

RankFront = Callable[..., list[tracker.LoggedModel]]


def answer(setting: Setting) -> Answer:
    """Rank in a process of its own."""
    found = run("searching.fronts", models=setting.models, folder=stores.large(setting), rounds=setting.rounds)
    title = f"Pareto front of 3 metrics over {setting.models:,} models"
    return Answer(
        [
            Figure(
                f"{title}, {kind}",
                "ms",
                statistics.median(found[kind]["took"]) if kind in found else None,
                MILLISECONDS,
                note=found.get("missing", ""),
            )
            for kind in GOALS
        ],
        found,
    )


def main() -> None:
    """Rank several times, and hold the places to the front."""
    asked = work.arguments(__doc__)
    with tracker.open(asked.folder, create=False) as store:
        if "weights" not in inspect.signature(store.rank).parameters:
            work.answer({"missing": MISSING})
            return
        judge = Judge(Shape(asked.models))
        work.answer({kind: ranked(store, goals, judge, TIMES * asked.rounds) for kind, goals in GOALS.items()})


def ranked(store: tracker.Tracker, goals: Mapping[str, str], judge: Judge, times: int) -> Facts:
    """Return how long each ranking took, and how large the front is."""
    rank = cast("RankFront", store.rank)
    took, found = zip(
        *(
            milliseconds(lambda: rank(dict(goals), dataset=f"{given.DATASET}@{given.DIGEST}", top=PLACES))
            for _ in range(times + 1)
        ),
        strict=True,
    )
    right = in_order(judge, goals)
    for each in found:
        require(ids(each)[: len(right)], right[: len(each)], f"the Pareto front of {', '.join(goals)}")
        require(len(each), min(PLACES, len(judge.ids)), "the places")
    return {"first": took[0], "took": took[1:], "front": len(right)}


def in_order(judge: Judge, goals: Mapping[str, str]) -> list[str]:
    """Return the front, the best by the first metric first."""
    costs = [judge.metrics[key] * (-1 if goal == "maximize" else 1) for key, goal in goals.items()]
    return judge.named(front(costs))


def front(costs: Sequence[Column]) -> list[np.intp]:
    """Return the places of those that no other beats or equals in all of three costs, by the first one.

    A sweep by the first cost along the stair that the other two make (Kung, Luccio and Preparata, 1975).
    """
    first, second, third = costs
    heights: list[float] = []
    depths: list[float] = []
    found = []
    for place in np.lexsort((third, second, first)):
        height, depth = float(second[place]), float(third[place])
        at = bisect.bisect_right(heights, height)
        if at and depths[at - 1] <= depth:
            continue
        begin = end = bisect.bisect_left(heights, height)
        while end < len(depths) and depths[end] >= depth:
            end += 1
        heights[begin:end], depths[begin:end] = [height], [depth]
        found.append(place)
    return found


if __name__ == "__main__":
    main()
