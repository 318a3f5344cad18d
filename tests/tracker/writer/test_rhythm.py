"""When to fold: pure."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tracker.writer.rhythm import BUSY, IDLE, SLOWEST, next_wait

FEW = 1000
MANY = 10_000_000


@given(st.lists(st.tuples(st.sampled_from([0, FEW, MANY]), st.floats(0, 1), st.floats(0, 10)), max_size=50))
def test_waits_are_bounded_and_only_a_stream_has_none(folds: list[tuple[int, float, float]]) -> None:
    wait = BUSY
    for size, lasting, seconds in folds:
        wait = next_wait(wait, size, lasting, seconds)
        assert (wait == 0) == (size == MANY)
        assert wait <= (SLOWEST if size else IDLE)


def test_where_nothing_comes_the_looks_grow_rarer() -> None:
    waits = [next_wait(0, 0, 1.0, 0.0)]
    while waits[-1] < IDLE:
        waits.append(next_wait(waits[-1], 0, 1.0, 0.0))
    assert waits == sorted(waits)
    assert len(waits) > 2


@given(st.floats(0.0001, 10), st.floats(0, 10))
def test_a_slow_stream_is_folded_as_seldom_as_keeps_the_work_a_small_share(seconds: float, wait: float) -> None:
    rest = next_wait(wait, FEW, 1.0, seconds)
    assert rest >= min(SLOWEST, 20 * seconds)
    assert rest >= BUSY


@given(st.floats(0, 10), st.floats(0, 0.01), st.floats(0, 10))
def test_what_comes_of_runs_that_have_ended_is_folded_at_once(seconds: float, lasting: float, wait: float) -> None:
    assert next_wait(wait, FEW, lasting, seconds) <= max(BUSY, seconds)
