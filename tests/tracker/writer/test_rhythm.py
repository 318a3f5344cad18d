"""When to fold: pure."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tracker.writer.rhythm import BUSY, IDLE, SLOWEST, next_wait

FEW = 1000
MANY = 100_000_000
FOLDS = st.tuples(st.sampled_from([0, FEW, MANY]), st.floats(0, 1), st.floats(0, 10), st.booleans())


@given(st.lists(FOLDS, max_size=50))
def test_waits_are_bounded_and_only_what_must_not_wait_has_none(folds: list[tuple[int, float, float, bool]]) -> None:
    wait = BUSY
    for size, lasting, seconds, is_cut in folds:
        wait = next_wait(wait, size, lasting, seconds, is_cut=is_cut)
        assert (wait == 0) == (size == MANY or (size == FEW and is_cut))
        assert wait <= (SLOWEST if size else IDLE)


def test_where_nothing_comes_the_looks_grow_rarer() -> None:
    waits = [next_wait(0, 0, 1.0, 0.0, is_cut=False)]
    while waits[-1] < IDLE:
        waits.append(next_wait(waits[-1], 0, 1.0, 0.0, is_cut=False))
    assert waits == sorted(waits)
    assert len(waits) > 2


@given(st.floats(0.0001, 10), st.floats(0, 10))
def test_a_slow_stream_is_folded_as_seldom_as_keeps_the_work_a_small_share(seconds: float, wait: float) -> None:
    rest = next_wait(wait, FEW, 1.0, seconds, is_cut=False)
    assert rest >= min(SLOWEST, 20 * seconds)
    assert rest >= BUSY


@given(st.floats(0.01, 0.1), st.integers(0, 4096))
def test_how_fast_a_stream_is_does_not_depend_on_how_long_it_waited(seconds: float, kib_per_second: int) -> None:
    sizes = {wait: int(1024 * kib_per_second * (wait + seconds)) + 1 for wait in (BUSY, SLOWEST)}
    rests = {next_wait(wait, size, 1.0, seconds, is_cut=False) for wait, size in sizes.items()}
    assert len(rests) == 1


@given(st.floats(0, 10), st.floats(0, 0.01), st.floats(0, 10))
def test_what_comes_of_runs_that_have_ended_is_folded_at_once(seconds: float, lasting: float, wait: float) -> None:
    assert next_wait(wait, FEW, lasting, seconds, is_cut=False) <= max(BUSY, seconds)
