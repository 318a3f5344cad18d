"""The folder of all processes' journals: what waits there, read without disturbing who writes."""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, TypeVar

from ..entities.records import Record, Rewind
from ..system import is_locked, sync_folder
from .fences import calls, run_of, shut_off
from .part import Damage, Part
from .points import Block, ModelBlock
from .reading import Reading

SUFFIX = ".journal"
DAMAGED, REFUSED = ".damaged", ".refused"
# What one reading takes from all journals together: some hundred thousand points, so that memory stays bounded.
READ_BYTES = 8 * 1024 * 1024
# What it takes from one of them at least, however many there are.
_LEAST_BYTES = 128 * 1024

# How a part is named.
PART = re.compile(rf"(?P<journal_id>[0-9a-f]+)-(?P<part>\d+){re.escape(SUFFIX)}")

log = logging.getLogger("tracker")

Said = TypeVar("Said", bound=Record | Block | ModelBlock)


class Position(NamedTuple):
    """A place in a journal: its part (from 1) and the offset in bytes within that part."""

    part: int
    offset: int


START = Position(0, 0)


@dataclass(slots=True)
class Pending:
    """What was read and is not in the store yet.

    Points of models stand among the records, so that they are on the side of each act on which they were logged; and
    so do those of runs, once one of the acts takes points back.
    `positions` says how far each journal was read, and `size` how many bytes that were. Once it is committed, `spent`
    parts hold nothing more. Of the journals in `gone` nothing is left on disk. `refused` counts the calls that are left
    out, by run, since it was fenced off. `is_cut` says whether a journal had more than there was room for.
    """

    records: list[Record | Block | ModelBlock] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    next_place: int = 0
    positions: dict[str, Position] = field(default_factory=dict)
    size: int = 0
    spent: list[Path] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)
    is_cut: bool = False
    _takes_back: bool = False

    def __bool__(self) -> bool:
        return bool(self.positions or self.spent or self.gone)

    def add(self, part: Part | Reading, shut: Collection[str]) -> None:
        """Add what was read of a part, but for what speaks of runs that it is shut off from."""
        blocks = self._admitted(part.blocks, shut) if shut else part.blocks
        if self._takes_back:
            self.records += blocks
        else:
            self.blocks += blocks
        self.records += self._admitted(part.records, shut) if shut else part.records
        self._takes_back |= any(isinstance(record, Rewind) for record in part.records)
        self.next_place = part.next_place

    def _admitted(self, said: Iterable[Said], shut: Collection[str]) -> list[Said]:
        found: list[Said] = []
        for each in said:
            if run_of(each) in shut:
                self.refused[run_of(each)] += calls(each)
            else:
                found.append(each)
        return found


def part_path(folder: Path, journal_id: str, part: int) -> Path:
    """Return where a part lies."""
    return folder / f"{journal_id}-{part:06d}{SUFFIX}"


class JournalFolder:
    """Reads journals in their order; whoever folds holds the writer's lock."""

    def __init__(self, path: Path) -> None:
        self.path = path
        # Where a part whose owner lives looked damaged at the last reading.
        self._suspects: dict[Path, int] = {}

    def read(self, folded: Mapping[str, Position], fences: Mapping[str, int] | None = None) -> Pending:
        """Read what lies beyond the positions that are folded in already.

        What is damaged is left out, kept in a file of its own beside the part, and told. What is said of a run by a
        holder whose token is smaller than the run's fence is left out and counted.
        """
        parts = self.parts()
        pending = Pending(gone=[journal_id for journal_id in folded if journal_id not in parts])
        room = max(READ_BYTES // max(len(parts), 1), min(READ_BYTES, _LEAST_BYTES))
        for journal_id, numbers in parts.items():
            shut = shut_off(journal_id, fences or {})
            self._read_journal(journal_id, numbers, folded.get(journal_id, START), room, pending, shut)
        return pending

    def unfolded(self, folded: Mapping[str, Position]) -> int:
        """Count the bytes that are not folded in, over all journals."""
        return sum(
            max(0, _size(part_path(self.path, journal_id, part)) - (start.offset if part == start.part else 0))
            for journal_id, numbers in self.parts().items()
            for start in [folded.get(journal_id, START)]
            for part in numbers
            if part >= start.part
        )

    def ends(self) -> dict[str, Position]:
        """Return where each journal ends now."""
        return {
            journal_id: Position(numbers[-1], _size(part_path(self.path, journal_id, numbers[-1])))
            for journal_id, numbers in self.parts().items()
        }

    def remove(self, pending: Pending) -> None:
        """Remove parts that are folded in to their end."""
        for path in pending.spent:
            path.unlink(missing_ok=True)
            self._suspects.pop(path, None)
        if pending.spent:
            # Their positions may be forgotten only when no power loss can bring the files back.
            sync_folder(self.path)

    def parts(self) -> dict[str, list[int]]:
        """Return the numbers of the parts that each journal has, in their order."""
        parts: dict[str, list[int]] = {}
        # A copy of a store may lack the folder, for it is empty as a rule.
        names = [path.name for path in self.path.iterdir()] if self.path.is_dir() else []
        # Other files, whoever put them there, are not ours to read.
        for found in filter(None, map(PART.fullmatch, sorted(names))):
            parts.setdefault(found["journal_id"], []).append(int(found["part"]))
        return parts

    def _read_journal(
        self,
        journal_id: str,
        parts: list[int],
        start: Position,
        room: int,
        pending: Pending,
        shut: Collection[str],
    ) -> None:
        for number in parts:
            path = part_path(self.path, journal_id, number)
            if number < start.part:
                pending.spent.append(path)
                continue
            # Looked at before reading: what is there once the owner is gone is all there will ever be.
            ended = number < parts[-1] or not is_locked(path)
            begin = start.offset if number == start.part else 0
            suspect = self._suspects.get(path) == begin
            part = Part(path, begin, room, pending.next_place, is_final=ended, was_suspect=suspect)
            if part.is_suspect:
                self._suspects[path] = part.end
            for damage in part.damaged:
                put_aside(path, damage)
            pending.add(part, shut)
            if part.end > begin:
                pending.positions[journal_id] = Position(number, part.end)
                pending.size += part.end - begin
            if ended and part.is_finished:
                pending.spent.append(path)
            room -= part.end - begin
            pending.is_cut |= part.has_more or (room <= 0 and number < parts[-1])
            if room <= 0 or not part.is_finished:
                return


def put_aside(path: Path, damage: Damage) -> Path:
    """Keep bytes that cannot be read, and return where.

    The same ones may come twice, if the commit failed that they were read for.
    """
    aside = path.with_name(f"{path.name}.{damage.begin}{DAMAGED}")
    if not aside.exists():
        log.warning("%s: %s at byte %d; kept as %s", path, damage.problem, damage.begin, aside.name)
    aside.touch(mode=0o600)
    aside.write_bytes(damage.data)
    return aside


def put_behind(path: Path, frames: bytes) -> Path:
    """Keep frames that are refused, behind those of the part that were before; return where."""
    aside = path.with_name(f"{path.name}{REFUSED}")
    aside.touch(mode=0o600)
    with aside.open("ab") as file:
        file.write(frames)
    return aside


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
