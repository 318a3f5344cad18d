"""Keep a process's journal moving: fold, wait for a level, and close in time, whatever the store's kind."""

from __future__ import annotations

import contextlib
import logging
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import anyio
from anyio import to_thread

from ..entities import Level
from ..errors import InvalidFrame, StoreError, StoreUnavailable
from ..journal import START, Journal, JournalFolder, Position
from . import rhythm
from .lock import WriterLock

# How often to ask whether another process has folded in what we wait for, in seconds.
_TURN = 0.01
# What a last try takes, in seconds.
_LAST_TRY = 0.5

log = logging.getLogger("tracker")


class Folded(NamedTuple):
    """What a fold did: how many bytes it folded in, the share of their runs that go on, and whether it left any."""

    size: int
    lasting: float
    is_cut: bool


NOTHING = Folded(0, 1.0, is_cut=False)


class JournalKeeper(ABC):
    """Folds journals; subclasses say into what, and which ones while another process holds the writer's lock."""

    # Whether a fold that was begun must be ended.
    is_shielded = True

    def __init__(self, journals: JournalFolder, own: Journal, lock: WriterLock) -> None:
        self._journals = journals
        self._own = own
        self._lock = lock
        self._turn = anyio.Lock()
        # Whether the last flush waited in vain.
        self._stuck = False
        # How far our own journal is known to be stored.
        self._stored = START
        # Why something that this process has logged is never stored, as it was told last.
        self.refusal: InvalidFrame | None = None

    @abstractmethod
    async def _positions(self) -> Mapping[str, Position]:
        """Return how far each journal is stored."""

    @abstractmethod
    async def _fold(self, until: Position | None, *, is_writer: bool) -> Folded | None:
        """Fold in what is pending now; None if nothing is. Who is the writer holds the lock meanwhile.

        If it is known until where somebody waits for our own journal, others' may wait.
        """

    @abstractmethod
    async def _close(self) -> None:
        """Let go of the store."""

    def _pause(self, failures: int, least: float) -> float:
        """Return the seconds to wait after so many failures in a row."""
        del failures
        return least

    @property
    def is_settled(self) -> bool:
        """Whether all that this process has logged is known to be stored."""
        return not self._own.waiting and self._own.position == self._stored

    def has_stored(self, until: Position) -> bool:
        """Say whether what this process logged is known to be stored up to a place of its journal."""
        return self._stored >= until

    async def run(self) -> None:
        """Fold in the background, until cancelled."""
        wait, failures = rhythm.BUSY, 0
        while True:
            await anyio.sleep(wait)
            begun = time.monotonic()
            try:
                folded = await self.fold()
            except Exception as problem:  # whatever it is, the program that logs must not end by it
                if not failures:
                    # One of ours says all; another is a defect, to be seen whole.
                    defect = None if isinstance(problem, StoreError) else problem
                    log.warning("%s; what is logged waits in the journal", problem, exc_info=defect)
                wait, failures = self._pause(failures, rhythm.IDLE), failures + 1
            else:
                size, lasting, is_cut = folded or NOTHING
                wait = rhythm.next_wait(wait, size, lasting, time.monotonic() - begun, is_cut=is_cut)
                failures = 0

    async def fold(self, until: Position | None = None) -> Folded | None:
        """Fold in what is pending now, in one commit; None if nothing is pending or it is not our turn.

        Who waits for our own journal says until where: once it is stored, whoever's turn that was, nothing is done.
        """
        folded = None
        async with self._turn:
            if until is not None and self.has_stored(until):
                return NOTHING
            with anyio.CancelScope(shield=self.is_shielded), self._lock.held() as held:
                folded = await self._fold(until, is_writer=held)
        return folded

    def _know(self, positions: Mapping[str, Position]) -> None:
        """Keep in mind how far our own journal is stored."""
        self._stored = max(self._stored, positions.get(self._own.journal_id, START))

    async def flush(self, timeout: float) -> Level:  # noqa: ASYNC109  # it returns a level, and raises nothing
        """Wait until what this process has logged so far is stored, for at most so many seconds.

        Returns the level that was reached.
        """
        level = await self._flush(timeout)
        self._stuck = level != Level.STORED
        return level if self.refusal is None else min(level, Level.SYNCED, key=list(Level).index)

    async def stored(self, timeout: float) -> bool:  # noqa: ASYNC109  # it returns whether, and raises nothing
        """Wait as `flush` does; return whether all was stored, but for what was refused."""
        await self.flush(timeout)
        return not self._stuck

    async def _flush(self, timeout: float) -> Level:  # noqa: ASYNC109  # it returns a level, and raises nothing
        target, problem, failures = self._target(), "another process is writing", 0
        with anyio.move_on_after(timeout):
            while True:
                folded = None
                try:
                    if target is None:
                        target, problem = self._target(), "the journal has no room on the disk"
                    folded = await self.fold(target)
                    if target is not None and await self._is_stored(target):
                        return Level.STORED
                except StoreError as error:
                    problem, failures = str(error), failures + 1
                if folded is None:
                    await anyio.sleep(self._pause(failures, _TURN))
        # What was cancelled may have been done all the same.
        with contextlib.suppress(StoreError):
            if target is not None and await self._is_stored(target):
                return Level.STORED
        log.warning("not stored within %g s: %s; what was logged waits in the journal", timeout, problem)
        return await to_thread.run_sync(self._sync)

    def _sync(self) -> Level:
        try:
            self._own.sync()
        except OSError as problem:
            log.warning("cannot force the journal to the disk: %s", problem)
            return Level.LOGGED
        return Level.LOGGED if self._own.waiting else Level.SYNCED

    async def drain(self) -> None:
        """Fold in what is pending now, as when a store is opened; what comes meanwhile may never end."""
        with translated():
            targets = await to_thread.run_sync(self._journals.ends)
        while await self.fold() is not None and await self._left(targets):
            pass

    async def catch_up(self, timeout: float) -> bool:  # noqa: ASYNC109  # it returns whether, and raises nothing
        """Wait until what every process has logged by now is stored, for at most so many seconds."""
        targets = await to_thread.run_sync(self._journals.ends)
        failures = 0
        with anyio.move_on_after(timeout):
            while True:
                folded = None
                try:
                    if not await self._left(targets):
                        return True
                    folded = await self.fold()
                except StoreError:
                    # A store that cannot be written just now may be in time.
                    failures += 1
                if folded is None:
                    await anyio.sleep(self._pause(failures, _TURN))
        return False

    async def _left(self, targets: Mapping[str, Position]) -> bool:
        """Say whether any journal is not folded in to its target; one that has left the folder was, by whoever."""
        positions = await self._positions()
        left = {each for each, end in targets.items() if positions.get(each, START) < end}
        return bool(left) and not left.isdisjoint(await to_thread.run_sync(self._journals.ends))

    def _target(self) -> Position | None:
        """Return where our own journal ends, or None while something of it is in memory only."""
        self._own.retry()
        return None if self._own.waiting else self._own.position

    async def _is_stored(self, target: Position) -> bool:
        if self.has_stored(target):
            return True
        positions = await self._positions()
        found = positions.get(self._own.journal_id)
        if found is None:
            # One that was closed and has left the folder was folded in to its end, whoever did it.
            return self._own.journal_id not in await to_thread.run_sync(self._journals.ends)
        if found >= target:
            self._stored = target
        return found >= target

    async def aclose(self, timeout: float) -> Level:  # noqa: ASYNC109  # it returns a level, and raises nothing
        """Flush, remove what is left of our own journal, and close the store."""
        # Who has waited in vain just now, at the end of a run say, does not wait as long again.
        level = await self.flush(min(timeout, _LAST_TRY) if self._stuck else timeout)
        self._own.close()
        with contextlib.suppress(StoreError), anyio.move_on_after(timeout if level == Level.STORED else _LAST_TRY):
            # Once for the file, which nobody owns now, and once for its position, which is then of nothing.
            if await self.fold() is not None:
                await self.fold()
        if level != Level.STORED:
            await self._tell_what_is_left()
        with anyio.CancelScope(shield=True), contextlib.ExitStack() as holding:
            # Closing may checkpoint the file, which is writing. Whoever else writes has it open, so then it does not.
            with contextlib.suppress(StoreError):
                holding.enter_context(self._lock.held())
            await self._close()
        return level

    async def _tell_what_is_left(self) -> None:
        with contextlib.suppress(StoreError, OSError):
            left = await to_thread.run_sync(self._journals.unfolded, await self._positions())
            log.warning("closed with %d bytes of journals that are not stored yet; the next open folds them in", left)


@contextlib.contextmanager
def translated() -> Iterator[None]:
    """Make a failing disk a matter that passes, as it is for the store."""
    try:
        yield
    except OSError as problem:
        raise StoreUnavailable(f"cannot read the journals just now: {problem}") from problem
