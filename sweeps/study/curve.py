"""What a trial has reported, and what of it stands."""

from __future__ import annotations

from collections.abc import Iterable

# (step, value) of each report that stands, in order.
Curve = list[tuple[int, float]]
# (iteration, step, value): the iteration, from 1, is the place in the curve; what stood there and later is taken back.
Entry = tuple[int, int, float]


def first_from(curve: Curve, step: int) -> int:
    """Return how many reports stand before the first at this step or a later one."""
    return next((index for index, (known, _) in enumerate(curve) if known >= step), len(curve))


def standing(reports: Iterable[Entry]) -> Curve:
    """Return the curve that reports have come to."""
    curve: Curve = []
    for iteration, step, value in reports:
        curve[iteration - 1 :] = [(step, value)]
    return curve
