"""What SQL learns of one step of a segment is what looking at its points one by one says."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.errors import StoreError
from tracker.store import segments
from tracker.store.curve_functions import timestamp_at, value_at

Row = tuple[int, int, float]
rows = st.tuples(st.integers(-1, 2), st.integers(0, 2), st.sampled_from([-1.5, 0.0, 2.0, math.inf, math.nan]))


@given(st.lists(rows, min_size=1, max_size=8), st.integers(-2, 3))
def test_the_last_point_of_a_step(points: list[Row], step: int) -> None:
    data = segments.encode(segments.columns(*map(list, zip(*points, strict=True))))
    last: Row | None = None
    for row in points:
        if row[0] == step and (last is None or key(row) >= key(last)):
            last = row
    if last is None:
        assert value_at(data, step) is None
        assert timestamp_at(data, step) is None
    else:
        assert value_at(data, step) == ("nan" if math.isnan(last[2]) else last[2])
        assert timestamp_at(data, step) == last[1]


def key(row: Row) -> tuple[int, float]:
    return row[1], 0.0 if math.isnan(row[2]) else row[2]


def test_of_no_segment_nothing_is_known() -> None:
    assert value_at(None, 0) is None
    assert timestamp_at(None, 0) is None


def test_damage_is_told() -> None:
    with pytest.raises(StoreError):
        value_at(b"\x02damaged", 0)
