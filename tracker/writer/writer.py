"""Journals → batches → one commit."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol, TypeVar, cast

import anyio
from anyio import to_thread

from ..entities.edits import Edit
from ..errors import StoreError, StoreUnavailable, TrackerError
from ..journal import Journal, JournalFolder, Pending, Position, Received
from ..store.batch import Batch
from ..store.interface import Commits
from .keeping import Folded, JournalKeeper, translated
from .lock import WriterLock
from .receiving import Inbox

# How often to ask whether another process has ended its turn, in seconds.
_TURN = 0.01
# So many bytes of what was received are stored in one commit, so that memory stays bounded.
_RECEIVED_BYTES = 32 * 1024 * 1024

log = logging.getLogger("tracker")

T = TypeVar("T")


class WritableStore(Commits, Protocol):
    """What the writer needs of a store."""

    async def aclose(self) -> None:
        """Let go of everything."""


class _Read(NamedTuple):
    pending: Pending
    batch: Batch

    @property
    def positions(self) -> Mapping[str, Position]:
        return self.pending.positions

    @property
    def gone(self) -> Sequence[str]:
        return self.pending.gone


@dataclass(slots=True, eq=False)
class _Asked:
    """What is to be done in the store, and what came of it."""

    what: Edit | Received
    answer: object = None
    is_done: bool = False

    def result(self, seconds: float) -> object:
        if not self.is_done:
            raise StoreUnavailable(f"another process has been writing for {seconds:g} s; nothing was changed")
        if isinstance(self.answer, TrackerError):
            raise self.answer
        return self.answer


class Writer(JournalKeeper):
    """Folds every process's journals into the store, and what others ask for, whenever the writer's lock is free.

    If another process holds it, that one folds ours too, so there is nothing to do but to look again.
    """

    def __init__(self, store: WritableStore, journals: JournalFolder, own: Journal, lock: WriterLock) -> None:
        super().__init__(journals, own, lock)
        self._store = store
        # Of which runs it was told that something was refused.
        self._refused: set[str] = set()
        self._edits: list[_Asked] = []
        self._received: list[_Asked] = []

    async def edit(self, edit: Edit, timeout: float) -> object:  # noqa: ASYNC109  # it says what was not done
        """Carry out an edit and return its answer; edits that are asked for at one time share a transaction.

        Raises:
            TrackerError: it was refused, by what is stored.
            StoreUnavailable: it could not be carried out in so many seconds, and will not be.
        """
        return await self._done(_Asked(edit), self._edits, self._edit_all, timeout)

    async def receive(self, received: Received, timeout: float) -> Position:  # noqa: ASYNC109  # as `edit`
        """Store what a client sent of its journal, and return how far that is stored; none of it is stored twice.

        What is received at one time shares a transaction, which has the journals' positions too.

        Raises:
            JournalGap: it does not follow what is stored.
            StoreUnavailable: it could not be stored in so many seconds.
        """
        return cast("Position", await self._done(_Asked(received), self._received, self._receive_all, timeout))

    async def _done(
        self,
        asked: _Asked,
        waiting: list[_Asked],
        do_all: Callable[[], Awaitable[None]],
        timeout: float,  # noqa: ASYNC109  # it says what was not done
    ) -> object:
        waiting.append(asked)
        try:
            with anyio.move_on_after(timeout):
                while not asked.is_done:
                    # Whoever has the turn does the work of all who wait for it.
                    async with self._turn:
                        if not asked.is_done:
                            await self._do(do_all)
                    if not asked.is_done:
                        await anyio.sleep(_TURN)
        finally:
            if asked in waiting:
                waiting.remove(asked)
        return asked.result(timeout)

    async def _do(self, do_all: Callable[[], Awaitable[None]]) -> None:
        with anyio.CancelScope(shield=True), self._lock.held() as held:
            if held:
                await do_all()

    async def _edit_all(self) -> None:
        batch, self._edits[:] = [*self._edits], []
        try:
            answers = await self._store.edit([cast("Edit", each.what) for each in batch])
        except StoreError as problem:
            answers = [problem] * len(batch)
        for each, answer in zip(batch, answers, strict=True):
            each.answer, each.is_done = answer, True

    async def _receive_all(self) -> None:
        batch, room = list[_Asked](), _RECEIVED_BYTES
        while self._received and room > 0:
            batch.append(self._received.pop(0))
            room -= len(cast("Received", batch[-1].what).sent.frames)
        answers = await Inbox(self._store, self._tell_refused).store([cast("Received", each.what) for each in batch])
        for each, answer in zip(batch, answers, strict=True):
            each.answer, each.is_done = answer, True

    async def _positions(self) -> Mapping[str, Position]:
        return await self._store.journal_positions()

    async def _fold(self, until: Position | None, *, is_writer: bool) -> Folded | None:
        del until
        read = await self._store.fold(self._read) if is_writer else None
        if read is None:
            return None
        pending = read.pending
        self._know(pending.positions)
        if pending.spent:
            with translated():
                await to_thread.run_sync(self._journals.remove, pending)
        self._tell_refused(pending.refused)
        return Folded(pending.size, read.batch.lasting, pending.is_cut)

    def _read(self, folded: Mapping[str, Position], fences: Mapping[str, int]) -> _Read | None:
        with translated():
            pending = self._journals.read(folded, fences)
        return _Read(pending, Batch(pending.records, pending.blocks, pending.refused)) if pending else None

    def _tell_refused(self, refused: Collection[str]) -> None:
        for run_id in set(refused).difference(self._refused):
            log.warning("what an earlier holder of run %s logs is refused: the run was given to another one", run_id)
        self._refused.update(refused)

    async def _close(self) -> None:
        await self._store.aclose()
