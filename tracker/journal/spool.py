"""A folder of journals that are sent elsewhere: what follows what was sent, as it lies there."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ..entities.records import AddFiles
from ..errors import FramesRefused, InvalidFrame
from ..system import is_locked
from .codec import decode
from .folder import PART, START, JournalFolder, Position, part_path, put_aside, put_behind
from .frames import frame_bytes, payload_at
from .part import Damage, Piece
from .points import groups, of_points
from .received import SENT_BYTES, Sent, packed

# How the file ends that says that a journal is sent by whoever appends to it.
CLAIMED = ".claimed"
_FILES = b'["files"'

log = logging.getLogger("tracker")


class Parcel(Piece):
    """What of a part is to be sent next: its good frames, the layouts before them, and the files that they speak of."""

    def __init__(self, path: Path, begin: int, *, is_final: bool, was_suspect: bool) -> None:
        self.earlier: dict[int, bytes] = {}
        self.files: list[AddFiles] = []
        super().__init__(path, begin, SENT_BYTES, is_final=is_final, was_suspect=was_suspect)

    def sent(self, journal_id: str, part: int, after: int) -> Sent | None:
        """Return it as it is sent; None if there is no good frame."""
        if not len(self.begins):
            return None
        first, last = int(self.begins[0]), int(self.begins[-1])
        frames = self.data[first : last + frame_bytes(self.data, last)]
        return Sent(journal_id, part, after, self.begin + first, frames, packed(self.earlier))

    def _take(self) -> None:
        points = of_points(self.data, self.begins) if len(self.begins) else np.empty(0, np.bool_)
        for begin in self.begins[~points].tolist():
            payload = payload_at(self.data, begin)
            found = decode(payload) if payload.startswith(_FILES) else None
            if isinstance(found, AddFiles):
                self.files.append(found)
        named = {group.layout for group in groups(self.data, self.begins[points])} if points.any() else set()
        for place in sorted(named):
            frame = self.frame_at(place) if place < self.begin else b""
            if frame:
                self.earlier[place] = frame


class Letter:
    """One thing to send of one journal, and its part's path."""

    def __init__(self, path: Path, parcel: Parcel, sent: Sent) -> None:
        self.path = path
        self.parcel = parcel
        self.sent = sent

    @property
    def files(self) -> list[AddFiles]:
        """What it says of files, which must be there before."""
        return self.parcel.files

    def until(self, offset: int) -> Sent:
        """Return the frames before a place."""
        sent = self.sent
        return Sent(
            sent.journal_id, sent.part, sent.after, sent.offset, sent.frames[: offset - sent.offset], sent.earlier
        )


class Spool:
    """Reads what is to be sent."""

    def __init__(self, path: Path) -> None:
        self._folder = JournalFolder(path)
        self._path = path
        # Where a part whose owner lives looked damaged at the last reading.
        self._suspects: dict[Path, int] = {}
        # Pieces of parts that are not sent, by where they begin: what is damaged, or refused.
        self._passed: dict[Path, dict[int, int]] = {}

    def journals(self) -> dict[str, list[int]]:
        """Return the numbers of the parts that each journal has, in their order."""
        return self._folder.parts()

    def claim(self, journal_id: str) -> None:
        """Tell all who send that whoever appends to a journal sends it, for as long as he lives."""
        _claim(self._path, journal_id).touch(mode=0o600)

    def is_claimed(self, journal_id: str, numbers: list[int]) -> bool:
        """Say whether whoever appends to a journal lives, and sends it."""
        return _claim(self._path, journal_id).exists() and is_locked(part_path(self._path, journal_id, numbers[-1]))

    def next_letter(self, journal_id: str, numbers: list[int], stored: Position = START) -> Letter | None:
        """Return what to send next of a journal, given how far it is stored; None if there is nothing now.

        Parts that are stored to their end and will not grow are removed.
        """
        for number in numbers:
            path = part_path(self._path, journal_id, number)
            try:
                if number < stored.part or self._is_done(path, number, numbers[-1], stored):
                    path.unlink()
                    self._passed.pop(path, None)
                    continue
                letter = self._read(path, journal_id, number, numbers[-1], stored)
            except FileNotFoundError:
                # Another process has sent it, and removed it.
                continue
            if letter is not None or not self._is_done(path, number, numbers[-1], stored):
                return letter
            path.unlink(missing_ok=True)
            self._passed.pop(path, None)
        _claim(self._path, journal_id).unlink(missing_ok=True)
        return None

    def refuse(self, letter: Letter, problem: InvalidFrame) -> Path:
        """Put aside what the server does not store, a frame or several, and go on behind it; return where that is kept.

        What a user may not log is kept in one file for each part, however often more of it comes.
        """
        begin, frames = problem.offset - letter.sent.offset, letter.sent.frames
        if isinstance(problem, FramesRefused):
            data = frames[begin : max(problem.end - letter.sent.offset, begin + frame_bytes(frames, begin))]
            aside = put_behind(letter.path, data)
        else:
            data = frames[begin : begin + frame_bytes(frames, begin)]
            aside = put_aside(letter.path, Damage(problem.offset, data, f"{len(data)} bytes are refused ({problem})"))
        # Before a part's first frame there is more than a frame.
        first = letter.parcel.begin if begin == 0 else problem.offset
        self._pass(letter.path, first, problem.offset + len(data))
        return aside

    def reached(self, stored: Mapping[str, Position]) -> dict[str, Position]:
        """Return how far journals are stored or put aside, given how far they are stored."""
        reached = dict(stored)
        for name, path in [(PART.fullmatch(path.name), path) for path in [*self._passed]]:
            if name is not None:
                journal_id, number = name["journal_id"], int(name["part"])
                begin = self._from(path, number, stored.get(journal_id, START))
                reached[journal_id] = max(reached.get(journal_id, START), Position(number, begin))
        return reached

    def _is_done(self, path: Path, number: int, last: int, stored: Position) -> bool:
        """Say whether a part will not grow, and nothing of it is left to send."""
        # Looked at before its size: what is there once the owner is gone is all there will ever be.
        ended = number < last or not is_locked(path)
        return ended and path.stat().st_size <= self._from(path, number, stored)

    def _from(self, path: Path, number: int, stored: Position) -> int:
        begin, passed = stored.offset if number == stored.part else 0, self._passed.get(path, {})
        while begin in passed:
            begin = passed[begin]
        return begin

    def _pass(self, path: Path, begin: int, end: int) -> None:
        self._passed.setdefault(path, {})[begin] = end

    def _read(self, path: Path, journal_id: str, number: int, last: int, stored: Position) -> Letter | None:
        after = stored.offset if number == stored.part else 0
        while True:
            ended = number < last or not is_locked(path)
            begin = self._from(path, number, stored)
            parcel = Parcel(path, begin, is_final=ended, was_suspect=self._suspects.get(path) == begin)
            if parcel.is_suspect:
                self._suspects[path] = parcel.end
            for damage in parcel.damaged:
                put_aside(path, damage)
            sent = parcel.sent(journal_id, number, after)
            if sent is not None:
                return Letter(path, parcel, sent)
            if parcel.end <= begin:
                return None
            self._pass(path, begin, parcel.end)


def _claim(folder: Path, journal_id: str) -> Path:
    return folder / f"{journal_id}{CLAIMED}"
