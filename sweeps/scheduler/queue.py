"""Messages among the tasks of one event loop."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Generic, TypeVar

import anyio

T = TypeVar("T")


class Queue(Generic[T]):
    """Messages in the order in which they were put; nobody waits to put one.

    anyio's own stream gives other tasks a turn and looks up its task at each message, which for a trial of no length
    takes longer than all that the scheduler decides about it.
    """

    def __init__(self) -> None:
        self._messages: deque[T] = deque()
        self._there = anyio.Semaphore(0, fast_acquire=True)

    def put(self, message: T) -> None:
        """Put a message behind the others."""
        self._messages.append(message)
        self._there.release()

    async def take(self) -> T:
        """Wait for a message, and take it."""
        await self._there.acquire()
        return self._messages.popleft()

    def rest(self) -> Iterator[T]:
        """Take what there is, where nobody waits any more."""
        while self._messages:
            yield self._messages.popleft()
