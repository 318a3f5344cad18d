"""How many connections there may be, and how long each may keep the server waiting: pure, but for what is closed."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

# Bytes of a request's line and headers: more than any client sends with the longest filter in a query.
MAX_HEAD = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How many seconds a client may take: to begin a request, to send all of its head, and to read an answer on."""

    idle_seconds: float = 75.0
    head_seconds: float = 20.0
    stalled_seconds: float = 60.0
    connections: int = 4096


class Connection(Protocol):
    """What can be closed."""

    def abandon(self) -> None:
        """Close it at once."""


class Room:
    """Holds so many connections; if there is one too many, that one is closed which keeps the server waiting longest.

    A connection is idle, sends a request's head, or is being answered; an answer that is not read is stalled.
    """

    def __init__(self, limits: Limits, clock: Callable[[], float] = time.monotonic) -> None:
        self._limits = limits
        self._clock = clock
        self._all: set[Connection] = set()
        # Since when; a dict keeps the order, so the first has waited longest.
        self._idle: dict[Connection, float] = {}
        self._heads: dict[Connection, float] = {}
        self._stalled: dict[Connection, float] = {}

    def __len__(self) -> int:
        return len(self._all)

    def enter(self, connection: Connection) -> None:
        """Let a new one in, and close another if there are too many; the new one itself if all others are busy."""
        self._all.add(connection)
        self.idles(connection)
        if len(self._all) > self._limits.connections:
            self._slowest().abandon()

    def idles(self, connection: Connection) -> None:
        """Note that a connection waits for its client's next request."""
        self._idle.pop(connection, None)
        if connection in self._all:
            self._idle[connection] = self._clock()

    def begins(self, connection: Connection) -> None:
        """Note that a request's head has begun."""
        self._idle.pop(connection, None)
        self._heads.setdefault(connection, self._clock())

    def works(self, connection: Connection) -> None:
        """Note that a request's head is there."""
        self._idle.pop(connection, None)
        self._heads.pop(connection, None)

    def stalls(self, connection: Connection) -> None:
        """Note that a client does not read its answer."""
        self._stalled.setdefault(connection, self._clock())

    def flows(self, connection: Connection) -> None:
        """Note that a client reads on."""
        self._stalled.pop(connection, None)

    def leave(self, connection: Connection) -> None:
        """Forget one that is closed."""
        self._all.discard(connection)
        for waiting in (self._idle, self._heads, self._stalled):
            waiting.pop(connection, None)

    async def sweep(self) -> None:
        """Close what has kept the server waiting for too long."""
        limits, now = self._limits, self._clock()
        for waiting, seconds in (
            (self._idle, limits.idle_seconds),
            (self._heads, limits.head_seconds),
            (self._stalled, limits.stalled_seconds),
        ):
            while waiting and now - next(iter(waiting.values())) > seconds:
                late = next(iter(waiting))
                del waiting[late]
                late.abandon()

    def _slowest(self) -> Connection:
        first = [next(iter(waiting.items())) for waiting in (self._heads, self._idle) if waiting]
        return min(first, key=lambda each: each[1])[0]
