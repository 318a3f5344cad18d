"""What is brief is called where the event loop stands, and the rest in a thread."""

from __future__ import annotations

import threading
import time
from functools import partial

import pytest

from tracker.server.brief import SECONDS, Brief, busy_seconds

pytestmark = pytest.mark.anyio


class Clock:
    """Says what it was set to."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


async def test_a_kind_is_called_here_for_as_long_as_it_is_brief() -> None:
    clock, here = Clock(), threading.current_thread()
    brief = Brief(clock)

    def taking(seconds: float) -> threading.Thread:
        clock.now += seconds
        return threading.current_thread()

    took = [0.0, 0.0, SECONDS, 0.0, 0.0]
    threads = [await brief.call("search", partial(taking, seconds)) for seconds in took]
    # Nobody knows the first one yet, and the one after a long one may be long.
    assert [thread is here for thread in threads] == [False, True, True, False, True]
    assert not brief.is_brief("another")


async def test_what_fails_is_known_as_well() -> None:
    clock = Clock()
    brief = Brief(clock)

    def fail() -> None:
        clock.now += SECONDS / 2
        raise LookupError

    with pytest.raises(LookupError):
        await brief.call("search", fail)
    assert brief.is_brief("search")


def test_what_a_thread_computes_counts_and_what_it_waits_does_not() -> None:
    busy, begun = busy_seconds(), time.thread_time()
    while time.thread_time() < begun + 0.01:
        pass
    assert busy_seconds() >= busy + 0.01
    busy, begun = busy_seconds(), time.perf_counter()
    threading.Event().wait(0.05)
    assert busy_seconds() - busy < time.perf_counter() - begun
