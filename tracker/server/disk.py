"""Forces what requests have logged to the disk, for all of a moment together, before any of them is answered."""

from __future__ import annotations

import asyncio
import time

import anyio

from ..journal import Journal
from .brief import Brief
from .problems import Problem

_KIND = "sync"
_TURNS = 2


class Disk:
    """The disk under a journal."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._turn = anyio.Lock()
        self._asked = 0
        self._reached = 0
        # Most disks take less time than two threads that hand the interpreter to and fro.
        self._brief = Brief(time.perf_counter)

    async def reached(self) -> None:
        """Return when all that was appended before is on the disk.

        Raises:
            Problem: it is full, or fails.
        """
        self._asked = mine = self._asked + 1
        # Whoever else has something to append at this moment does so: their requests are read in the first turn of the
        # event loop, and appended in the second.
        for _ in range(_TURNS):
            await asyncio.sleep(0)
        if self._reached < mine and not self._turn.locked() and self._brief.is_brief(_KIND):
            self._brief.time(_KIND, self._force)
        elif self._reached < mine:
            async with self._turn:
                if self._reached < mine:
                    await self._brief.call(_KIND, self._force)

    def _force(self) -> None:
        asked = self._asked
        try:
            self._journal.sync()
        except OSError as problem:
            raise Problem("INSUFFICIENT_STORAGE", f"the disk fails: {problem.strerror}") from problem
        if self._journal.waiting:
            raise Problem("INSUFFICIENT_STORAGE", "the disk is full; what was sent waits in memory")
        self._reached = asked
