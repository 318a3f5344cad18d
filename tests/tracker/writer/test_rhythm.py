"""When to fold: pure."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tracker.writer.rhythm import BUSY, IDLE, next_wait


@given(st.lists(st.booleans(), max_size=50))
def test_waits_stay_between_busy_and_idle(found: list[bool]) -> None:
    wait = BUSY
    for each in found:
        wait = next_wait(wait, found=each)
        assert wait == BUSY if each else BUSY < wait <= IDLE


def test_where_nothing_comes_the_looks_grow_rarer() -> None:
    waits = [BUSY]
    while waits[-1] < IDLE:
        waits.append(next_wait(waits[-1], found=False))
    assert waits == sorted(waits)
    assert len(waits) > 2
    assert next_wait(IDLE, found=True) == BUSY
