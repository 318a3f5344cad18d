"""What of a store nobody needs any more: pure.

- What a living process uses is never taken: its staging folders are locked, and so are its journals.
- A file that no row names may be one whose record is still on its way. So none is taken while anybody logs or
  anything waits in journals, nor one that came within the last hour.
- Pieces of journals that were put aside are all there is of something that was logged: they go only when asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

# A file without a record that is older than this is nobody's, in seconds.
GRACE_SECONDS = 3600.0


class Kind(StrEnum):
    """What a leftover is."""

    STAGED = "staged by processes that have died"
    UNFINISHED = "unfinished new files"
    FAILED = "files of failed checkpoints"
    DELETED = "files of deleted checkpoints"
    UNNAMED = "files that nothing names"
    DAMAGED = "damaged pieces of journals"
    LOG = "write-ahead log"
    PAGES = "free pages of the database"


@dataclass(frozen=True, slots=True)
class Piece:
    """A file or folder on the disk; `owner` and `name` say what it is of a run or logged model."""

    path: Path
    bytes: int
    age_seconds: float
    in_use: bool = False
    owner: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """What was found on the disk and in the database, while the writer's lock was held.

    `named` are the (owner, path) of all rows of files, `failed` the IDs of logged models that never got theirs, and
    `deleted` of those that were deleted.
    """

    staged: Sequence[Piece] = ()
    unfinished: Sequence[Piece] = ()
    kept: Sequence[Piece] = ()
    damaged: Sequence[Piece] = ()
    named: AbstractSet[tuple[str, str]] = frozenset()
    failed: AbstractSet[str] = frozenset()
    deleted: AbstractSet[str] = frozenset()
    journals_in_use: int = 0
    pending_bytes: int = 0
    log_bytes: int = 0
    free_bytes: int = 0


@dataclass(slots=True)
class Plan:
    """What to remove, by kind; bytes of the database that can be freed; and what is left alone, with the reason."""

    pieces: dict[Kind, list[Piece]] = field(default_factory=dict)
    log_bytes: int = 0
    free_bytes: int = 0
    left_alone: list[str] = field(default_factory=list)


def plan(facts: Facts, *, damaged: bool = False) -> Plan:
    """Say what to remove."""
    made = Plan(log_bytes=facts.log_bytes, free_bytes=facts.free_bytes)
    unnamed = [piece for piece in facts.kept if (piece.owner, piece.name) not in facts.named]
    found = {
        Kind.STAGED: [piece for piece in facts.staged if not piece.in_use],
        Kind.UNFINISHED: list(facts.unfinished),
        Kind.FAILED: [piece for piece in unnamed if piece.owner in facts.failed and piece.owner not in facts.deleted],
        Kind.DELETED: [piece for piece in unnamed if piece.owner in facts.deleted],
        Kind.UNNAMED: list(_unnamed(facts, unnamed, made.left_alone)),
        Kind.DAMAGED: list(facts.damaged) if damaged else [],
    }
    made.pieces = {kind: pieces for kind, pieces in found.items() if pieces}
    if facts.damaged and not damaged:
        made.left_alone.append(f"{_total(facts.damaged)} damaged pieces of journals; --damaged removes them")
    return made


def _unnamed(facts: Facts, unnamed: Iterable[Piece], left_alone: list[str]) -> Iterator[Piece]:
    pieces = [piece for piece in unnamed if not (piece.owner in facts.failed or piece.owner in facts.deleted)]
    old = [piece for piece in pieces if piece.age_seconds > GRACE_SECONDS]
    if len(old) < len(pieces):
        young = [piece for piece in pieces if piece.age_seconds <= GRACE_SECONDS]
        left_alone.append(f"{_total(young)} files that nothing names, as they came within the last hour")
    reason = _busy(facts)
    if old and reason:
        left_alone.append(f"{_total(old)} files that nothing names, as {reason}")
    elif not reason:
        yield from old


def _busy(facts: Facts) -> str:
    staging = sum(piece.in_use for piece in facts.staged)
    if facts.journals_in_use or staging:
        return "processes are logging; run it again when they have ended"
    if facts.pending_bytes:
        return f"{facts.pending_bytes} bytes wait in journals that could not be folded in; see tracker doctor"
    return ""


def _total(pieces: Sequence[Piece]) -> str:
    return f"{len(pieces)} ({sum(piece.bytes for piece in pieces)} bytes)"
