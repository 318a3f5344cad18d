"""The best models that pass a filter: one that few pass, one that half pass, each with many different values.

Filters by a param's text, by a param as a number, and by a metric take turns. A filter that none of the best pass is
shown besides: it asks for low values of the very metric of which the greatest come first, so the order is no help.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

import tracker

from ..figures import Answer, Figure, at_most
from ..peers import given, work
from ..peers.given import Shape
from ..programs import Facts, run
from ..setting import Setting
from . import stores
from .clock import SEARCHES, milliseconds, require, spread
from .judge import Judge
from .top import METRIC, ORDER, TOP, ids

FEW, HALF, AGAINST = "few pass", "half pass", "half pass, none of the best"
MILLISECONDS = at_most(20, 5)
OTHER = "latency_ms"
# What a latency is below, and how far around the half the values of a filter that half pass are.
GREATEST, AROUND = 100, 0.05
# Of filters that no order helps, which may take long, so many times fewer.
FEWER = 20

Mask = NDArray[np.bool_]


class Case(NamedTuple):
    """A filter, what it is of, and whom it lets pass."""

    kind: str
    filter_string: str
    passes: Callable[[Judge], Mask]


def answer(setting: Setting) -> Answer:
    """Search in a process of its own."""
    found = run("searching.filters", models=setting.models, folder=stores.large(setting), rounds=setting.rounds)
    shares = {FEW: f"1 of {Shape(setting.models).configurations:,} passes"}
    title = f"top {TOP} of {setting.models:,} models"
    targets = {FEW: MILLISECONDS, HALF: MILLISECONDS, AGAINST: None}
    return Answer(
        [
            Figure(f"{title}, {shares.get(share, share)}, p99", "ms", found[share]["all"]["p99"], target)
            for share, target in targets.items()
        ],
        found,
    )


def main() -> None:
    """Search with each filter once, then judge the answers."""
    asked = work.arguments(__doc__)
    work.answer(searched(asked.folder, Shape(asked.models), SEARCHES * asked.rounds))


def searched(folder: Path, shape: Shape, count: int) -> Facts:
    """Return how long filters took, by how many pass and what they are of."""
    draw = random.Random(work.SEED)  # noqa: S311  # figures, no secrets
    with tracker.open(folder, create=False) as store:
        found = {
            FEW: [timed(store, case) for case in few_pass(draw, shape, count)],
            HALF: [timed(store, case) for case in half_pass(draw, shape, count)],
            AGAINST: [timed(store, case) for case in against(draw, max(2, count // FEWER))],
        }
    judge = Judge(shape)
    for case, _, answer_ in (each for some in found.values() for each in some):
        require(answer_, judge.top(METRIC, TOP, case.passes(judge)), case.filter_string)
    return {share: spreads((case.kind, took) for case, took, _ in some) for share, some in found.items()}


def timed(store: tracker.Tracker, case: Case) -> tuple[Case, float, list[str]]:
    """Search once; return how long it took and the IDs."""
    took, found = milliseconds(
        lambda: store.search_logged_models(filter_string=case.filter_string, order_by=ORDER, max_results=TOP)
    )
    return case, took, ids(found)


def spreads(took: Iterable[tuple[str, float]]) -> Facts:
    """Return the spread of all times, and of each kind's."""
    by_kind: dict[str, list[float]] = {"all": []}
    for kind, each in took:
        by_kind.setdefault(kind, []).append(each)
        by_kind["all"].append(each)
    return {kind: spread(times) for kind, times in by_kind.items()}


def few_pass(draw: random.Random, shape: Shape, count: int) -> Iterator[Case]:
    """Yield filters that one configuration's models pass, or as many by a metric."""
    share = 1 / shape.configurations
    for _ in range(count):
        text, number = (given.rate(draw.randrange(shape.configurations), shape.configurations) for _ in range(2))
        yield Case("params.lr = text", f"params.lr = '{text}'", partial(Judge.is_param, name="lr", value=text))
        yield Case("params.lr = number", f"params.lr = {number}", partial(Judge.is_param, name="lr", value=number))
        low = GREATEST * draw.random() * (1 - share)
        high = low + GREATEST * share
        between = f"metrics.{OTHER} BETWEEN {low} AND {high}"
        yield Case("metrics BETWEEN", between, partial(is_between, low=low, high=high))


def half_pass(draw: random.Random, shape: Shape, count: int) -> Iterator[Case]:
    """Yield filters that half of all models pass, or nearly."""
    for number in range(count):
        chosen = given.OPTIMIZERS[number % len(given.OPTIMIZERS)]
        passes = partial(Judge.is_param, name="optimizer", value=chosen)
        yield Case("params.optimizer = text", f"params.optimizer = '{chosen}'", passes)
        below = given.rate(round(shape.configurations * about_half(draw)), shape.configurations)
        yield Case("params.lr < number", f"params.lr < {below}", partial(has_less_rate, below=below))
        most = GREATEST * about_half(draw)
        yield Case("metrics <", f"metrics.{OTHER} < {most}", partial(is_between, low=-np.inf, high=most))


def against(draw: random.Random, count: int) -> Iterator[Case]:
    """Yield filters that only the lower half of what is ordered by passes, or nearly."""
    for _ in range(count):
        # What is best on one dataset is at least half as good on the other.
        most = about_half(draw) - AROUND
        yield Case("the metric ordered by <", f"metrics.{METRIC} < {most}", partial(is_worse, most=most))


def about_half(draw: random.Random) -> float:
    """Return a share of nearly a half."""
    return draw.uniform(0.5 - AROUND, 0.5 + AROUND)


def is_between(judge: Judge, low: float, high: float) -> Mask:
    """Return whose latency is between two values, neither of which any model has."""
    return (judge.metrics[OTHER] > low) & (judge.metrics[OTHER] < high)


def has_less_rate(judge: Judge, below: float) -> Mask:
    """Return whose learning rate is less."""
    return judge.param("lr") < below


def is_worse(judge: Judge, most: float) -> Mask:
    """Return whose accuracy is less, on either dataset."""
    return (judge.metrics[METRIC] < most) | (judge.held_out < most)


if __name__ == "__main__":
    main()
