from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sweeps.cli.sparkline import steps_line

FINITE = st.floats(allow_nan=False, allow_infinity=False)


def test_a_value_holds_until_the_next_one() -> None:
    assert steps_line([(0.0, 0.0), (5.0, 1.0)], 10.0, 10) == "▁▁▁▁██████"


def test_what_came_first_is_seen_however_soon_something_better_came() -> None:
    assert steps_line([(0.0, 0.0), (0.01, 1.0)], 10.0, 4) == "▁███"


def test_what_does_not_change_is_flat() -> None:
    assert steps_line([(3.0, 7.0)], 3.0, 5) == "▁▁▁▁▁"


def test_without_points_there_is_no_line() -> None:
    assert steps_line([], 1.0, 5) == ""


def test_orders_of_magnitude_are_drawn_where_values_span_many() -> None:
    assert steps_line([(0.0, 1e4), (1.0, 1e2), (2.0, 1.0)], 3.0, 12) == "███▅▅▅▅▁▁▁▁▁"


@given(st.lists(st.tuples(st.floats(0, 1e6), FINITE), min_size=1), st.integers(1, 60))
def test_any_curve_has_its_width(points: list[tuple[float, float]], width: int) -> None:
    assert len(steps_line(sorted(points), 1e6, width)) == width
