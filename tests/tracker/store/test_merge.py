"""Which small segments are put together: pure."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tracker.store.sqlite.merge import groups

LARGE = 10
sizes = st.lists(st.integers(1, 3 * LARGE), max_size=40)


@given(sizes)
def test_groups_are_small_neighbours_in_their_order(points: list[int]) -> None:
    numbered = [(number * 3 + 5, count) for number, count in enumerate(points)]
    places = {number: place for place, (number, _) in enumerate(numbered)}
    end = -1
    for first, last in groups(numbered, LARGE, 2 * LARGE):
        begin, stop = places[first], places[last]
        assert end < begin < stop
        assert all(count < LARGE for count in points[begin : stop + 1])
        assert sum(points[begin : stop + 1]) <= 2 * LARGE
        end = stop


@given(sizes)
def test_no_two_neighbours_that_fit_together_stay_apart(points: list[int]) -> None:
    numbered = list(enumerate(points))
    merged = groups(numbered, LARGE, 2 * LARGE)
    left = [sum(points[first : last + 1]) for first, last in merged]
    inside = {number for first, last in merged for number in range(first, last + 1)}
    after = sorted(
        [(first, total) for (first, _), total in zip(merged, left, strict=True)]
        + [(number, count) for number, count in numbered if number not in inside],
    )
    for (_, count), (_, following) in pairwise(after):
        assert count >= LARGE or following >= LARGE or count + following > 2 * LARGE


def test_nothing_is_merged_where_there_is_nothing_to_merge() -> None:
    assert groups([]) == []
    assert groups([(1, 5)], LARGE) == []
    assert groups([(1, LARGE), (2, 1), (3, LARGE)], LARGE) == []
    assert groups([(1, 1), (2, 1), (3, LARGE), (4, 1), (7, 2)], LARGE) == [(1, 2), (4, 7)]
