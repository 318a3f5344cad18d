"""Which of a model's points is the newest: pure.

The newest point of a model, metric and dataset is the one of the greatest (timestamp, step), and of equals the one that
was logged later. It is kept apart from the older ones: rankings look at nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class Point(NamedTuple):
    """One point, by the store's numbers; the value is None for NaN."""

    model_no: int
    key_no: int
    dataset_no: int
    run_no: int
    value: float | None
    step: int
    timestamp: int


def settled(known: Iterable[Point], added: Iterable[Point]) -> tuple[list[Point], list[Point]]:
    """Return which points are now newest and were not, and which are now older ones and were not.

    `known` are the newest ones until now, `added` the new ones in the order logged.
    """
    before = {point[:3]: point for point in known}
    newest: dict[tuple[int, int, int], Point] = {}
    older: list[Point] = []
    for point in added:
        name = point[:3]
        other = newest.get(name) or before.get(name)
        if other is not None and (other.timestamp, other.step) > (point.timestamp, point.step):
            older.append(point)
            continue
        if other is not None:
            older.append(other)
        newest[name] = point
    return list(newest.values()), older
