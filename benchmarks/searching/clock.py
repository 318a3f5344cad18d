"""Timing searches: each several times, those that are compared in turns."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import numpy as np

from ..programs import Facts

T = TypeVar("T")
K = TypeVar("K")
# Searches of one kind that a round times.
SEARCHES = 100


def milliseconds(work: Callable[[], T]) -> tuple[float, T]:
    """Do it once; return how long it took, and what came of it."""
    started = time.perf_counter_ns()
    result = work()
    return (time.perf_counter_ns() - started) / 1e6, result


def in_turns(works: Mapping[K, Callable[[], object]], times: int) -> dict[K, list[float]]:
    """Do each so many times, one after the other in turns, and once before; return the milliseconds of each."""
    took: dict[K, list[float]] = {name: [] for name in works}
    for turn in range(times + 1):
        for name, work in works.items():
            took[name] += [milliseconds(work)[0]] if turn else (work(), [])[1]
    return took


def spread(took: Sequence[float]) -> Facts:
    """Return how long things took: places of the distribution, in milliseconds."""
    places = {"p50": 50.0, "p90": 90.0, "p99": 99.0, "max": 100.0}
    values = np.percentile(took, list(places.values()))
    return {"times": len(took), **dict(zip(places, values.tolist(), strict=True))}


def require(answer: object, right: object, what: str) -> None:
    """Stop where an answer is wrong: how long a wrong one takes is of no interest."""
    if answer != right:
        raise SystemExit(f"{what}: the answer is wrong: {str(answer)[:300]} instead of {str(right)[:300]}")
