"""Calls what is brief where the event loop stands, and the rest in a thread."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Hashable
from typing import TypeVar

from anyio import to_thread

T = TypeVar("T")
# To hand a call to another thread and back takes some 0.1 ms of CPU; what takes no longer than this holds up nobody for
# longer than a few requests do.
SECONDS = 0.002
_KINDS = 4096


class Brief:
    """Knows how long calls of a kind took the last time."""

    def __init__(self) -> None:
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
        begun = time.perf_counter()
        try:
            return function()
        finally:
            if len(self._took) >= _KINDS:
                self._took.clear()
            self._took[kind] = time.perf_counter() - begun
