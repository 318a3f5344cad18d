"""Looks after the processes of an executor: what they hold, how much they print, and what they leave behind."""

from __future__ import annotations

import os
import secrets
import signal
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from itertools import count

import anyio

from ..trial import Assignment, Cause, Outcome, TrialState
from .census import NOBODY, Census
from .child import Child
from .ending import KILLED, cause_of, describe_bytes, describe_exit
from .output import Output
from .procfs import count_memory_kills, prefer_to_kill
from .strays import end_attempts, reap
from .subreaper import adopting_orphans

# How often floods are looked for, in seconds; and every how many looks at memory and at new processes.
_LOOK_SECONDS = 0.1
_LOOKS = 5
# How long what was killed may take to be gone, in seconds; one that hangs in the kernel is left to it.
_GONE_SECONDS = 2.0
_PAUSE_SECONDS = 0.0005


@dataclass(eq=False)
class Watched:
    """A process that is looked after, and what it runs now.

    `memory` is how many bytes it and its descendants may hold, `exceeded` how many they held when they were ended
    for that, `starved` says that the kernel ended something for want of memory when this was killed. `stopping` is
    the scope of whoever has told it to stop and waits for that. `has_left_nothing`: it has ended, and no process is
    left that could be of its making.
    """

    child: Child
    output: Output | None = None
    memory: int | None = None
    exceeded: int | None = None
    starved: bool = False
    stopping: anyio.CancelScope | None = None
    has_left_nothing: bool = False

    def watch_output(self) -> None:
        """Keep what it prints from filling the disk."""
        if self.output is not None:
            self.output.watch()


class Warden:
    """Looks after processes from their start to the end of all that came of them."""

    def __init__(self) -> None:
        self.census = Census()
        self._watched: dict[int, Watched] = {}
        # Set while there is something to look after.
        self._arrived = anyio.Event()
        # How many there had been at the last looks: a process that held much takes a while to be gone.
        self._memory_kills = deque([count_memory_kills()], maxlen=_LOOKS)
        self._sweeps: set[str] = set()
        # Of attempts that belong to no sweep.
        self._name = secrets.token_hex(8)
        self._workers = count()

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        """Adopt orphans and look after what is added, within the block; nothing of it is left behind."""
        with adopting_orphans():
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._look_after)
                try:
                    yield
                finally:
                    tasks.cancel_scope.cancel()
                    with anyio.CancelScope(shield=True):
                        await self._end_all()

    def marker(self, assignment: Assignment, *, worker: bool = False) -> str:
        """Return the marker for the environment of a process: its sweep, and its attempt unless it is a worker."""
        sweep = assignment.sweep_id or self._name
        rest = f"worker/{next(self._workers)}" if worker else f"{assignment.number}/{assignment.attempt}"
        return f"{sweep}/{rest}"

    def add(self, child: Child, marker: str) -> Watched:
        """Look after a process that was just started with this marker."""
        prefer_to_kill(child.pid)
        self.census.add(child.pid, marker)
        self._sweeps.add(marker.partition("/")[0])
        if not self._arrived.is_set():
            self._memory_kills.append(count_memory_kills())
            self._arrived.set()
        watched = self._watched[child.pid] = Watched(child)
        return watched

    async def end(self, watched: Watched) -> int:
        """End a process, if it has not ended by itself, and all that came of it; return its exit code."""
        is_gone = watched.child.has_ended()
        if not is_gone:
            with anyio.CancelScope(shield=True), anyio.move_on_after(_GONE_SECONDS) as time:
                await watched.child.wait_while_killing()
            is_gone = not time.cancelled_caught
        code = watched.child.reap() if is_gone else -signal.SIGKILL
        watched.starved = code in KILLED and count_memory_kills() > self._memory_kills[0]
        owners = self.census.owners_of_children(watched.child.pid)
        watched.has_left_nothing = is_gone and owners.isdisjoint({NOBODY, watched.child.pid})
        if watched.child.pid in owners:
            self._take_census()
            with anyio.CancelScope(shield=True), anyio.move_on_after(_GONE_SECONDS):
                await self._end_members(watched.child.pid)
        self.census.remove(watched.child.pid)
        self._watched.pop(watched.child.pid, None)
        return code

    async def _end_members(self, owner: int) -> None:
        pause = _PAUSE_SECONDS
        while left := self.census.members(owner):
            for pid in left:
                with suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, signal.SIGKILL)
            await anyio.sleep(pause)
            pause *= 2
            self._take_census()

    def _take_census(self) -> None:
        self.census.refresh()
        for pid in self.census.to_reap():
            reap(pid)

    async def _end_all(self) -> None:
        for watched in list(self._watched.values()):
            await self.end(watched)
        for sweep in self._sweeps:
            end_attempts(sweep)

    async def _look_after(self) -> None:
        for look in count():
            if not self._watched:
                self._arrived = anyio.Event()
                await self._arrived.wait()
            await anyio.sleep(_LOOK_SECONDS)
            for watched in self._watched.values():
                # What a disk refuses now it may take at the next look.
                with suppress(OSError):
                    watched.watch_output()
            if look % _LOOKS == 0:
                self._look_at_processes()

    def _look_at_processes(self) -> None:
        self._take_census()
        self._memory_kills.append(count_memory_kills())
        for watched in self._watched.values():
            if watched.memory is not None:
                held = self.census.memory(watched.child.pid)
                if held > watched.memory:
                    watched.exceeded = held
                    watched.child.signal(signal.SIGKILL)


def failure(what: str, code: int, tail: str, watched: Watched) -> Outcome:
    """Return how an attempt ended whose process ended by itself, or for what it held, with a code other than 0."""
    if watched.exceeded is not None and watched.memory is not None:
        held, limit = describe_bytes(watched.exceeded), describe_bytes(watched.memory)
        return Outcome(TrialState.FAILED, f"{what} held {held} of memory and may hold {limit}", tail, Cause.MEMORY)
    cause = cause_of(code, tail, starved=watched.starved)
    hint = ": memory ran out" if cause is Cause.MEMORY and watched.starved else ""
    return Outcome(TrialState.FAILED, f"{what} {describe_exit(code)}{hint}", tail, cause)
