"""Journals → a server: the frames as they are, which it folds into its own store."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from anyio import to_thread

from ..artifacts import SpooledArtifacts
from ..entities import File
from ..entities.records import AddFiles
from ..errors import (
    FramesRefused,
    InvalidFrame,
    InvalidInput,
    JournalGap,
    NotAllowed,
    NotFound,
    StoreError,
    TrackerError,
)
from ..journal import START, Journal, JournalFolder, Letter, Position, Sent, Spool
from ..store.rest import Connection, RestFiles, RestJournals, wait_after
from .keeping import NOTHING, Folded, JournalKeeper
from .lock import WriterLock

# For how long to send again what is refused, in seconds: another program of the same user's may be making just now what
# it is about; and of a run, another machine may not have told yet that it was started.
SURE_SECONDS = 1.0
RUN_SECONDS = 60.0
# How long to wait before that.
_AGAIN_SECONDS = 0.2

log = logging.getLogger("tracker")


class Sender(JournalKeeper):
    """Sends a process's journal to a server, and the files that it speaks of.

    Whoever holds the spool's lock sends as well what nobody else does: what those logged who live no more, or who only
    log. `for_all`, it sends everybody's, for who lives may be stopped.

    A request whose answer is lost is sent again; the server knows by its place what it has. So nothing here needs to be
    ended that was begun.
    """

    is_shielded = False

    def __init__(
        self,
        connection: Connection,
        artifacts: SpooledArtifacts,
        folder: Path,
        own: Journal,
        lock: WriterLock,
        *,
        for_all: bool = False,
    ) -> None:
        super().__init__(JournalFolder(folder), own, lock)
        self._for_all = for_all
        self._connection = connection
        self._artifacts = artifacts
        self._server = RestJournals(connection)
        self._files = RestFiles(connection)
        self._spool = Spool(folder)
        # How far journals are stored, as far as this process was told.
        self._known: dict[str, Position] = {}
        # Files that the server has and whose record it has not, and those that it cannot have.
        self._uploaded: set[Path] = set()
        self._unfit: set[Path] = set()
        # When it was first refused what begins at a place of a journal, until when the journal waits therefore, and the
        # reasons for which something was refused for good.
        self._refused: dict[tuple[Path, int], float] = {}
        self._waits: dict[str, float] = {}
        self._final: set[str] = set()
        # Whether anything was put aside.
        self.is_refused = False

    def _pause(self, failures: int, least: float) -> float:
        """Return the seconds to wait: more after each failure, and never the same as everyone."""
        return max(least, wait_after(failures)) if failures else least

    @property
    def known(self) -> Mapping[str, Position]:
        """How far journals are stored, as far as this process was told."""
        return self._known

    async def _positions(self) -> Mapping[str, Position]:
        # Nobody waits for what was put aside.
        return self._spool.reached(self._known)

    async def _left(self, targets: Mapping[str, Position]) -> bool:
        with _passing():
            await to_thread.run_sync(self._ask_about, targets, abandon_on_cancel=True)
        return await super()._left(targets)

    async def _fold(self, until: Position | None, *, is_writer: bool) -> Folded | None:
        size, is_cut = 0, False
        with _passing():
            journals = await to_thread.run_sync(self._look, is_writer and until is None, abandon_on_cancel=True)
            for journal_id, numbers in journals.items():
                sent = await to_thread.run_sync(self._send_next, journal_id, numbers, abandon_on_cancel=True)
                size, is_cut = size + sent.size, is_cut or sent.is_cut
                if self._turn.statistics().tasks_waiting:
                    break
        self._know(self._spool.reached(self._known))
        return Folded(size, 1.0, is_cut) if size else None

    async def _close(self) -> None:
        self._connection.close()

    def _look(self, with_others: bool) -> Mapping[str, list[int]]:  # noqa: FBT001  # for a thread, which takes no names
        """Return the journals that are sent here: our own, then those first whose turn comes first by their names."""
        journals, own = self._spool.journals(), self._own.journal_id
        for gone in self._known.keys() - journals.keys():
            del self._known[gone]
        ours = {own: journals.pop(own)} if own in journals else {}
        if own in ours and own not in self._known:
            self._spool.claim(own)
        if with_others:
            ours |= {each: numbers for each, numbers in journals.items() if self._is_for_us(each, numbers)}
            self._ask_about(ours)
        return ours

    def _is_for_us(self, journal_id: str, numbers: list[int]) -> bool:
        """Say whether somebody else's journal is sent here."""
        return self._for_all or not self._spool.is_claimed(journal_id, numbers)

    def _ask_about(self, journal_ids: Iterable[str]) -> None:
        """Ask how far journals of others are stored, unless it is known that they are to their ends."""
        ends = self._journals.ends()
        others = {*journal_ids} - {self._own.journal_id}
        stale = [each for each, end in ends.items() if each in others and self._known.get(each, START) < end]
        if stale:
            for each, place in self._server.positions(stale).items():
                self._learn(each, place)

    def _send_next(self, journal_id: str, numbers: list[int]) -> Folded:
        """Send what is next of a journal."""
        if time.monotonic() < self._waits.get(journal_id, 0.0):
            return NOTHING
        letter = self._spool.next_letter(journal_id, numbers, self._known.get(journal_id, START))
        return NOTHING if letter is None else Folded(self._send(letter), 1.0, letter.parcel.has_more)

    def _send(self, letter: Letter) -> int:
        """Send a letter, and before it the files that it speaks of; return how many bytes of a journal that were."""
        journal_id = letter.sent.journal_id
        uploaded = self._upload(letter.files)
        try:
            self._learn(journal_id, self._server.send(letter.sent))
        except JournalGap as gap:
            # The server was given an older copy of its store, say: what it lacks is sent again, as far as it is here.
            log.warning("%s has less of a journal than it had: %s", self._connection.address, gap)
            self._known[journal_id] = Position(gap.part, gap.offset)
        except InvalidFrame as problem:
            return self._go_around(letter, problem)
        else:
            for place in uploaded:
                self._artifacts.forget(place)
                self._uploaded.discard(place)
        return len(letter.sent.frames)

    def _go_around(self, letter: Letter, problem: InvalidFrame) -> int:
        """Send what comes before what the server does not store, and put that aside; return how many bytes that were.

        What is refused to this user is put aside only once it was refused for a while.
        """
        before: Sent = letter.until(problem.offset)
        if before.frames:
            self._learn(before.journal_id, self._server.send(before))
        if isinstance(problem, FramesRefused) and not self._is_final(letter, problem):
            return len(before.frames)
        self._put_aside(letter, problem)
        return len(letter.sent.frames)

    def _is_final(self, letter: Letter, problem: FramesRefused) -> bool:
        """Say whether what is refused will be refused for ever, as far as that can be known."""
        journal_id, place, now = letter.sent.journal_id, (letter.path, problem.offset), time.monotonic()
        patience = RUN_SECONDS if problem.missing == "run" else SURE_SECONDS
        if problem.reason not in self._final and now < self._refused.setdefault(place, now) + patience:
            self._waits[journal_id] = now + _AGAIN_SECONDS
            return False
        self._refused.pop(place, None)
        return True

    def _put_aside(self, letter: Letter, problem: InvalidFrame) -> None:
        aside = self._spool.refuse(letter, problem)
        self.is_refused = True
        if isinstance(problem, FramesRefused) and problem.reason not in self._final:
            log.warning(
                "%s refuses what was logged: %s; it is kept as %s", self._connection.address, problem.reason, aside
            )
            self._final.add(problem.reason)
        if letter.sent.journal_id == self._own.journal_id:
            self.refusal = problem

    def _learn(self, journal_id: str, place: Position) -> None:
        self._known[journal_id] = max(place, self._known.get(journal_id, START))

    def _upload(self, said: Sequence[AddFiles]) -> list[Path]:
        """Send files that records speak of, in their order, unless they were sent before; return where they wait."""
        sent: list[Path] = []
        for owner, file in ((each.owner, file) for each in said for file in each.files):
            places = self._artifacts.waiting(owner, file)
            place = next((each for each in places if each not in sent and each not in self._unfit), None)
            if place is not None and (place in self._uploaded or self._send_file(owner, file, place)):
                self._uploaded.add(place)
                sent.append(place)
        return sent

    def _send_file(self, owner: str, file: File, place: Path) -> bool:
        try:
            self._files.upload(owner, file, place)
        except FileNotFoundError:
            # Another process has sent it.
            return False
        except (InvalidInput, NotFound, NotAllowed) as problem:
            # What is logged besides must be stored; whoever fetches the file is told that it is missing.
            self._unfit.add(place)
            log.error("file %r of %s cannot be sent: %s; it is kept as %s", file.path, owner, problem, place)  # noqa: TRY400  # a line is enough
            return False
        return True


@contextmanager
def _passing() -> Iterator[None]:
    """Make whatever a server or the disk refuses a matter that may pass: what is logged waits for that."""
    try:
        yield
    except StoreError:
        raise
    except (TrackerError, OSError) as problem:
        raise StoreError(str(problem)) from problem
