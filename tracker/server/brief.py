"""Calls what is brief where the event loop stands, and the rest in a thread."""

from __future__ import annotations

import math
import resource
import time
from collections.abc import Callable, Hashable
from typing import TypeVar

from anyio import to_thread

T = TypeVar("T")
# To hand a call to another thread and back takes some 0.1 ms of CPU, and there it waits for the interpreter each time
# that SQLite gave it up: ten times as long. What takes no longer than this holds up nobody for longer than a few
# requests do.
SECONDS = 0.005
_KINDS = 4096
# What a disk takes for 512 bytes, as rusage counts them: 0.1 ms for a page of 4 KiB.
_BLOCK_SECONDS = 0.1 / 1000 / 8


def busy_seconds() -> float:
    """Return for how long this thread has computed, and about how long it has waited for what it read from a disk.

    How long it has waited for the interpreter says nothing of its calls: where the event loop stands they wait less.
    """
    computed = time.thread_time()
    if hasattr(resource, "RUSAGE_THREAD"):
        return computed + resource.getrusage(resource.RUSAGE_THREAD).ru_inblock * _BLOCK_SECONDS
    return computed


class Brief:
    """Knows how long calls of a kind took the last time, by a clock that tells what they would keep others waiting."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._took: dict[Hashable, float] = {}

    def is_brief(self, kind: Hashable) -> bool:
        """Say whether the last call of a kind was brief; one that nobody has tried is not."""
        return self._took.get(kind, math.inf) < SECONDS

    async def call(self, kind: Hashable, function: Callable[[], T]) -> T:
        """Call a function, here if the last one of its kind was brief."""
        if self.is_brief(kind):
            return self.time(kind, function)
        return await to_thread.run_sync(self.time, kind, function)

    def time(self, kind: Hashable, function: Callable[[], T]) -> T:
        """Call a function, and know from then on how long that took."""
        begun = self._clock()
        try:
            return function()
        finally:
            if len(self._took) >= _KINDS:
                self._took.clear()
            self._took[kind] = self._clock() - begun
