"""Which of a model's points counts, beside plain Python."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.ranking import GOALS, Counted, Counting, Points, counted

CANDIDATES = 4


class Point(NamedTuple):
    owner: int
    step: int
    timestamp: int
    value: float
    dataset_no: int


values = st.sampled_from([-1.0, 0.0, 0.25, 0.5, 1.0, math.nan, math.inf, -math.inf])
points_of = st.lists(
    st.builds(Point, st.integers(0, CANDIDATES - 1), st.integers(-1, 3), st.integers(0, 2), values, st.integers(1, 2)),
    max_size=16,
)


def columns(points: list[Point]) -> Points:
    owners, steps, timestamps, numbers, datasets = zip(*points, strict=True) if points else ((),) * 5
    ints = [np.array(column, dtype=np.int64) for column in (owners, steps, timestamps, datasets)]
    return Points(ints[0], ints[1], ints[2], np.array(numbers, dtype=np.float64), ints[3])


def one(found: Counted, owner: int) -> tuple[float, int, int]:
    return float(found.values[owner]), int(found.points[owner]), int(found.dataset_nos[owner])


def judged(points: list[Point], owner: int, counting: Counting, goal: str) -> tuple[float, int, int]:
    mine = [(place, each) for place, each in enumerate(points) if each.owner == owner]
    if not mine:
        return math.nan, 0, 0
    latest = max(mine, key=lambda pair: (pair[1].timestamp, pair[1].step, pair[0]))[1]
    in_turn = sorted(mine, key=lambda pair: (pair[1].step, pair[1].timestamp, pair[0]))
    last = in_turn[-1][1]
    finite = [pair for pair in mine if math.isfinite(pair[1].value)]
    if counting.kind == "best" and finite:
        sign = -1 if goal == "maximize" else 1
        order = sorted(finite, key=lambda pair: (sign * pair[1].value, pair[1].step, pair[1].timestamp, -pair[0]))
        return order[0][1].value, 1, order[0][1].dataset_no
    if counting.kind == "mean":
        of_steps = list({each.step: each.value for _, each in in_turn}.values())[-counting.steps :]
        mean = math.fsum(of_steps) / len(of_steps) if all(map(math.isfinite, of_steps)) else math.nan
        return mean, len(of_steps), last.dataset_no
    counts = last if counting.kind == "last" else latest
    return counts.value, 1, counts.dataset_no


countings = st.sampled_from([Counting("latest"), Counting("last"), Counting("best")]) | st.builds(
    Counting, st.just("mean"), st.integers(1, 4)
)


@given(points_of, countings, st.sampled_from(GOALS))
def test_each_owners_value_is_what_the_rule_says(points: list[Point], counting: Counting, goal: str) -> None:
    found = counted(columns(points), CANDIDATES, counting, goal)
    for owner in range(CANDIDATES):
        assert one(found, owner) == pytest.approx(judged(points, owner, counting, goal), nan_ok=True)


def test_the_mean_of_equal_values_is_their_value() -> None:
    points = [Point(0, step, 0, 0.1, 1) for step in range(10)]
    assert counted(columns(points), 1, Counting("mean", 7)).values[0] == 0.1


def test_huge_values_have_a_mean() -> None:
    points = [Point(0, step, 0, 1.7e308, 1) for step in range(3)]
    assert counted(columns(points), 1, Counting("mean", 3)).values[0] == pytest.approx(1.7e308)


def test_of_equally_good_points_the_earliest_is_the_best() -> None:
    points = [Point(0, 3, 1, 0.5, 1), Point(0, 1, 3, 0.5, 2), Point(0, 1, 2, 0.5, 3), Point(0, 2, 0, 0.5, 4)]
    assert counted(columns(points), 1, Counting("best")).dataset_nos[0] == 3
