"""Counting a curve again agrees with what is derived when points are stored, and differs where anything does."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tracker.store import segments
from tracker.store.recount import Recount
from tracker.store.summary import Summary

VALUES = st.one_of(st.floats(), st.sampled_from([0.0, -0.0, 1.0, math.nan, math.inf, -math.inf]))
POINTS = st.lists(st.tuples(st.integers(-3, 3), st.integers(0, 3), VALUES), min_size=1, max_size=12)


def derived(points: list[tuple[int, int, float]]) -> Summary:
    """Derive, point by point, in plain Python."""
    step, timestamp, value = max(points, key=lambda point: (*point[:2], 0.0 if math.isnan(point[2]) else point[2]))
    first = min(points, key=lambda point: point[:2])
    begin: tuple[float | None, int, int] = (None if math.isnan(first[2]) else first[2], first[0], first[1])
    finite = [(point[2], point[0]) for point in points if math.isfinite(point[2])]
    low = min(finite, key=lambda point: point[0], default=(None, None))
    high = max(finite, key=lambda point: point[0], default=(None, None))
    return Summary(len(points), None if math.isnan(value) else value, step, timestamp, *low, *high, *begin)  # type: ignore[call-arg]  # two and two and three


def recount(points: list[tuple[int, int, float]], pieces: int) -> Recount:
    found = Recount()
    for part in np.array_split(np.arange(len(points)), pieces):
        chosen = [points[number] for number in part]
        steps, timestamps, values = ([point[column] for point in chosen] for column in range(3))
        found.add(segments.columns(steps, timestamps, values))
    return found


@settings(deadline=None)
@given(points=POINTS, pieces=st.integers(1, 4))
def test_it_agrees_however_the_curve_is_cut(points: list[tuple[int, int, float]], pieces: int) -> None:
    assert list(recount(points, pieces).differences(derived(points))) == []


@pytest.mark.parametrize("name", Summary._fields)
def test_any_other_value_is_seen(name: str) -> None:
    points = [(1, 1, 5.0), (2, 2, -3.0), (3, 3, 1.0)]
    kept = derived(points)
    assert list(recount(points, 2).differences(kept)) == []
    assert len(list(recount(points, 2).differences(kept._replace(**{name: getattr(kept, name) + 1})))) == 1


@settings(deadline=None)
@given(points=POINTS)
def test_a_point_more_or_less_is_seen(points: list[tuple[int, int, float]]) -> None:
    (problem,) = recount(points, 1).differences(derived([*points, points[0]]))
    assert "points are kept as their number" in problem
