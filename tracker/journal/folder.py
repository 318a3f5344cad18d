"""The folder of all processes' journals: what waits there, read without disturbing who writes."""

from __future__ import annotations

import fcntl
import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from ..entities.records import Record
from .codec import MAGIC, decode, first_frame_bytes, payloads

SUFFIX = ".journal"
DAMAGED = ".damaged"
# What one reading takes from one journal: a few hundred thousand points, so that memory stays bounded.
READ_BYTES = 4 * 1024 * 1024
# Enough to tell how long the first frame is.
_FRAME_BEGINS = 64

log = logging.getLogger("tracker")


class Position(NamedTuple):
    """A place in a journal: its part (from 1) and the offset in bytes within that part."""

    part: int
    offset: int


START = Position(0, 0)


@dataclass(slots=True)
class Pending:
    """What was read and is not in the store yet.

    `positions` says how far each journal was read. Once that is committed, `spent` parts hold nothing more,
    and `damaged` ones nothing that could be read. Of the journals in `gone` nothing is left on disk.
    """

    records: list[Record] = field(default_factory=list)
    positions: dict[str, Position] = field(default_factory=dict)
    spent: list[Path] = field(default_factory=list)
    damaged: list[Path] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.positions or self.spent or self.damaged or self.gone)


def part_path(folder: Path, journal_id: str, part: int) -> Path:
    """Return where a part lies."""
    return folder / f"{journal_id}-{part:06d}{SUFFIX}"


class JournalFolder:
    """Reads journals in their order; whoever folds holds the writer's lock."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self, folded: Mapping[str, Position]) -> Pending:
        """Read what lies beyond the positions that are folded in already."""
        parts = self._parts()
        pending = Pending(gone=[journal_id for journal_id in folded if journal_id not in parts])
        for journal_id, numbers in parts.items():
            self._read_journal(journal_id, numbers, folded.get(journal_id, START), pending)
        return pending

    def unfolded(self, folded: Mapping[str, Position]) -> int:
        """Count the bytes that are not folded in, over all journals."""
        return sum(
            max(0, _size(part_path(self.path, journal_id, part)) - (start.offset if part == start.part else 0))
            for journal_id, numbers in self._parts().items()
            for start in [folded.get(journal_id, START)]
            for part in numbers
            if part >= start.part
        )

    def ends(self) -> dict[str, Position]:
        """Return where each journal ends now."""
        return {
            journal_id: Position(numbers[-1], _size(part_path(self.path, journal_id, numbers[-1])))
            for journal_id, numbers in self._parts().items()
        }

    def remove(self, pending: Pending) -> None:
        """Remove parts that are folded in to their end; damaged ones are put aside, not destroyed."""
        for path in pending.spent:
            path.unlink(missing_ok=True)
        for path in pending.damaged:
            path.rename(path.with_name(path.name + DAMAGED))
        if pending.spent or pending.damaged:
            # Their positions may be forgotten only when no power loss can bring the files back.
            _sync_folder(self.path)

    def _parts(self) -> dict[str, list[int]]:
        parts: dict[str, list[int]] = {}
        # A copy of a store may lack the folder, for it is empty as a rule.
        names = [path.name for path in self.path.iterdir()] if self.path.is_dir() else []
        for name in sorted(name for name in names if name.endswith(SUFFIX)):
            journal_id, _, number = name.removesuffix(SUFFIX).rpartition("-")
            parts.setdefault(journal_id, []).append(int(number))
        return parts

    def _read_journal(self, journal_id: str, parts: list[int], start: Position, pending: Pending) -> None:
        room = READ_BYTES
        for part in parts:
            path = part_path(self.path, journal_id, part)
            if part < start.part:
                pending.spent.append(path)
                continue
            # Looked at before reading: what is there once the owner is gone is all there will ever be.
            ended = part < parts[-1] or not _is_owned(path)
            offset = start.offset if part == start.part else 0
            data = _read(path, offset, room)
            end = offset + _take(data, offset, pending)
            if end > offset:
                pending.positions[journal_id] = Position(part, end)
            room -= len(data)
            if ended and (room > 0 or (data and end == offset)):
                # Its end was reached, or what comes next is no frame, however much of it there is.
                _finish(path, _size(path) - end, pending)
            if room <= 0:
                return


def _take(data: bytes, offset: int, pending: Pending) -> int:
    """Decode whole frames into `pending`; return how many bytes they were."""
    taken = start = len(MAGIC) if offset == 0 and data.startswith(MAGIC) else 0
    for payload, end in payloads(data[start:]):
        pending.records.append(decode(payload))
        taken = start + end
    return taken


def _finish(path: Path, left: int, pending: Pending) -> None:
    """Note that a part's end was reached, with that many bytes left that make no whole frame."""
    if not left:
        pending.spent.append(path)
        return
    log.warning("%s: its last %d bytes are torn or damaged; kept as %s%s", path, left, path.name, DAMAGED)
    pending.damaged.append(path)


def _read(path: Path, offset: int, room: int) -> bytes:
    """Read up to `room` bytes, or one whole frame if that is longer."""
    with path.open("rb") as file:
        file.seek(offset)
        data = file.read(max(room, _FRAME_BEGINS))
        missing = first_frame_bytes(data) - len(data)
        return data + file.read(missing) if missing > 0 else data


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _is_owned(path: Path) -> bool:
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False


def _sync_folder(path: Path) -> None:
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
