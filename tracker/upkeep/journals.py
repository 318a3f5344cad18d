"""What lies in the folder of journals, looked at without disturbing who writes there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..journal import START, Position
from ..journal.folder import DAMAGED, PART
from ..system import is_locked, milliseconds

NEW = ".new"


@dataclass(frozen=True, slots=True)
class JournalPart:
    """One file of a journal; `pending` bytes of it are not folded in, and it was last written so long ago."""

    file: str
    bytes: int
    pending: int
    owner_lives: bool
    age_seconds: float


@dataclass(frozen=True, slots=True)
class OtherFile:
    """A file beside the journals: a damaged piece that was put aside, or one that never came to be a journal."""

    file: str
    bytes: int


def parts(folder: Path, folded: Mapping[str, Position]) -> list[JournalPart]:
    """Return the parts of all journals, given how far each is folded in."""
    return [part for path in _files(folder) for part in _part(path, folded)]


def damaged(folder: Path) -> list[OtherFile]:
    """Return the pieces that could not be read and were put aside."""
    return [_other(path) for path in _files(folder) if path.name.endswith(DAMAGED)]


def abandoned(folder: Path, grace_seconds: float) -> list[Path]:
    """Return what was to become a journal and never will: whoever made it is dead."""
    found = [path for path in _files(folder) if path.name.endswith(NEW)]
    return [path for path in found if _age(path) > grace_seconds and not is_locked(path)]


def _part(path: Path, folded: Mapping[str, Position]) -> list[JournalPart]:
    name = PART.fullmatch(path.name)
    if not name:
        return []
    start, part = folded.get(name["journal_id"], START), int(name["part"])
    lives = is_locked(path)
    try:
        size = path.stat().st_size
    except FileNotFoundError:
        # Another process has folded it in.
        return []
    done = size if part < start.part else start.offset if part == start.part else 0
    return [JournalPart(path.name, size, max(0, size - done), lives, _age(path))]


def _other(path: Path) -> OtherFile:
    return OtherFile(path.name, path.stat().st_size)


def _files(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []


def _age(path: Path) -> float:
    try:
        return max(0.0, milliseconds() / 1000 - path.stat().st_mtime)
    except FileNotFoundError:
        return 0.0
