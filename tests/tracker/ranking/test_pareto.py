"""Pareto fronts: every way to find them, beside comparing each pair."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.typing import NDArray

from tracker.ranking import front, fronts, pareto

Points = NDArray[np.float64]
EDGES = [0.0, -0.0, 5e-324, -5e-324, 1.7976931348623157e308, -1.7976931348623157e308, 1.0, 1.0000000000000002]

few_values = st.integers(0, 6).map(float)
any_values = st.sampled_from(EDGES) | st.floats(allow_nan=False, allow_infinity=False)
point_sets = array_shapes(min_dims=2, max_dims=2, max_side=40).flatmap(
    lambda shape: arrays(np.float64, (shape[0], 1 + shape[1] % 5), elements=few_values | any_values)
)


def by_pairs(points: Points) -> NDArray[np.bool_]:
    nowhere_worse = (points[:, None, :] <= points[None, :, :]).all(axis=2)
    somewhere_better = (points[:, None, :] < points[None, :, :]).any(axis=2)
    is_beaten: NDArray[np.bool_] = np.logical_or.reduce(nowhere_worse & somewhere_better, axis=0)
    return ~is_beaten


def numbers_by_pairs(points: Points, count: int) -> list[int]:
    numbers, rest, number = [0] * len(points), np.arange(len(points)), 1
    while sum(each > 0 for each in numbers) < min(count, len(points)):
        on_front = by_pairs(points[rest])
        for member in rest[on_front]:
            numbers[member] = number
        rest, number = rest[~on_front], number + 1
    return numbers


@pytest.fixture(params=["sorted at once", "on a grid first"])
def _way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "on a grid first":
        monkeypatch.setattr(pareto, "_FEW", 2)
        monkeypatch.setattr(pareto, "_CELLS", 2**12)
        monkeypatch.setattr(pareto, "_FINE", 2**12)


@pytest.mark.usefixtures("_way")
class TestEachWay:
    @given(point_sets)
    def test_the_front_is_what_no_other_dominates(self, points: Points) -> None:
        assert front(points).tolist() == by_pairs(points).tolist()

    @given(point_sets, st.integers(1, 50))
    def test_fronts_follow_each_other(self, points: Points, count: int) -> None:
        assert fronts(points, count).tolist() == numbers_by_pairs(points, count)


@pytest.mark.parametrize("coordinates", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("spread", [0.0, 0.02, 1.0])
def test_many_points_whether_they_agree_or_not(coordinates: int, spread: float) -> None:
    points = np.random.default_rng(coordinates).random((6_000, coordinates))
    # Without spread all lie on one plane, where what is better here is worse there: all are on the front.
    points += (spread * points[:, 0] - points.sum(axis=1))[:, None] / coordinates
    points[::7] = points[3]
    rounded = np.round(points, 2)
    for some in (points, rounded):
        on_front = front(some)
        for member in range(0, len(some), 29):
            is_beaten = ((some <= some[member]).all(axis=1) & (some < some[member]).any(axis=1)).any()
            assert on_front[member] != is_beaten


def test_the_grid_is_blind_to_no_magnitude() -> None:
    rng = np.random.default_rng(0)
    points = np.exp(rng.normal(0, 40, (8_000, 3))) * rng.choice([-1.0, 1.0], (8_000, 3))
    on_front = front(points)
    assert 0 < on_front.sum() < 1_000
    assert by_pairs(points[on_front]).all()
    assert on_front[[points[:, 0].argmin(), points[:, 1].argmin(), points[:, 2].argmin()]].all()


def test_equal_points_are_on_the_front_together() -> None:
    assert front(np.array([[1.0, 2.0], [2.0, 1.0], [1.0, 2.0], [2.0, 2.0]])).tolist() == [True, True, True, False]
