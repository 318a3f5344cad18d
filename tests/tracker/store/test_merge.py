"""Which small segments are put together: pure."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tracker.store.sqlite.merge import aged, groups

LARGE, MOST = 10, 20
sizes = st.lists(st.integers(1, 3 * LARGE), max_size=40)


@given(sizes)
def test_groups_are_small_neighbours_in_their_order(points: list[int]) -> None:
    numbered = [(number * 3 + 5, count) for number, count in enumerate(points)]
    places = {number: place for place, (number, _) in enumerate(numbered)}
    end = -1
    for first, last in groups(numbered, LARGE, MOST):
        begin, stop = places[first], places[last]
        assert end < begin < stop
        assert all(count < LARGE for count in points[begin : stop + 1])
        assert sum(points[begin : stop + 1]) <= MOST
        end = stop


@given(sizes)
def test_no_two_neighbours_that_fit_together_stay_apart(points: list[int]) -> None:
    numbered = list(enumerate(points))
    merged = groups(numbered, LARGE, MOST)
    left = [sum(points[first : last + 1]) for first, last in merged]
    inside = {number for first, last in merged for number in range(first, last + 1)}
    after = sorted(
        [(first, total) for (first, _), total in zip(merged, left, strict=True)]
        + [(number, count) for number, count in numbered if number not in inside],
    )
    for (_, count), (_, following) in pairwise(after):
        assert count >= LARGE or following >= LARGE or count + following > MOST


def test_nothing_is_merged_where_there_is_nothing_to_merge() -> None:
    assert groups([], LARGE, MOST) == []
    assert groups([(1, 5)], LARGE, MOST) == []
    assert groups([(1, LARGE), (2, 1), (3, LARGE)], LARGE, MOST) == []
    assert groups([(1, 1), (2, 1), (3, LARGE), (4, 1), (7, 2)], LARGE, MOST) == [(1, 2), (4, 7)]


@given(st.lists(st.integers(1, 1000), max_size=40))
def test_what_is_left_alone_is_larger_than_all_that_came_after_it(points: list[int]) -> None:
    numbered = list(enumerate(points))
    taken = list(aged(numbered))
    assert taken == numbered[len(numbered) - len(taken) :]
    left = len(numbered) - len(taken)
    assert all(points[place] > sum(points[place + 1 :]) for place in range(left))
    assert not taken or points[left] <= sum(points[left + 1 :])


def test_a_point_is_rewritten_a_few_times_only() -> None:
    pieces: list[int] = []
    rewritten = 0
    for _ in range(6400):
        pieces.append(1)
        if len(pieces) >= 64:
            after = aged(list(enumerate(pieces)))
            merged = sum(count for _, count in after)
            rewritten += merged
            pieces[len(pieces) - len(after) :] = [merged]
    assert sum(pieces) == 6400
    assert rewritten < 10 * 6400
