"""What clients sent of their journals → one commit, with how far each is stored then."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import NamedTuple

from anyio import to_thread

from ..errors import JournalGap, StoreError, StoreUnavailable, TrackerError
from ..journal import START, Pending, Position, Received, shut_off, stored_name
from ..store.batch import Batch
from ..store.interface import Commits

log = logging.getLogger("tracker")

Answer = Position | TrackerError


class _Read(NamedTuple):
    """What is new in some requests, the rows that it makes, and the answer to each once it is stored."""

    pending: Pending
    batch: Batch
    answers: list[Answer]


class Inbox:
    """Stores what clients sent; whoever calls it holds the writer's lock."""

    def __init__(self, store: Commits, tell_refused: Callable[[Collection[str]], None]) -> None:
        self._store = store
        self._tell_refused = tell_refused

    async def store(self, received: Sequence[Received]) -> list[Answer]:
        """Store requests in one commit; return the answer to each.

        If that fails, each is stored for itself: one that nobody can store is not to stop the others.
        """
        try:
            return await self._store_together(received)
        except StoreUnavailable as problem:
            return [problem] * len(received)
        except Exception as problem:
            if len(received) > 1:
                return [(await self.store([each]))[0] for each in received]
            log.exception("what a client sent of journal %s cannot be stored", received[0].sent.journal_id)
            return [problem if isinstance(problem, StoreError) else StoreError(str(problem))]

    async def _store_together(self, received: Sequence[Received]) -> list[Answer]:
        stored = await self._store.received_positions({each.sent.journal_id for each in received})
        read = await to_thread.run_sync(self._read, received, stored, await self._store.fences())
        if read.pending.positions:
            await self._store.commit(read.batch, read.pending.positions, ())
            self._tell_refused(read.pending.refused)
        return read.answers

    def _read(self, received: Sequence[Received], stored: Mapping[str, Position], fences: Mapping[str, int]) -> _Read:
        pending, answers, reached = Pending(), list[Answer](), dict(stored)
        for each in received:
            sent = each.sent
            place = reached.get(sent.journal_id, START)
            try:
                reading = each.beyond(place, pending.next_place)
            except JournalGap as gap:
                answers.append(gap)
                continue
            pending.add(reading, shut_off(sent.journal_id, fences))
            if sent.end > place:
                reached[sent.journal_id] = pending.positions[stored_name(sent.journal_id)] = sent.end
            answers.append(reached.get(sent.journal_id, START))
        return _Read(pending, Batch(pending.records, pending.blocks, pending.refused), answers)
