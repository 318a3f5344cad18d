"""What is wrong with a store that was examined, and what to do about each thing: pure."""

from __future__ import annotations

from collections.abc import Iterator

from .checkup import Checkup

_RESTORE = "restore it from a backup"


def problems(found: Checkup) -> list[str]:
    """Return one line for each thing that is wrong: what it is, and what to do."""
    return [*_of_database(found), *_of_curves(found), *_of_files(found), *_of_journals(found), *_of_use(found)]


def _of_database(found: Checkup) -> Iterator[str]:
    checks = found.checks
    keep = "keep a copy of the folder and restore a backup; nothing more is logged into it until then"
    if checks.integrity:
        yield f"the database is damaged ({_few(checks.integrity)}); {keep}"
    elif checks.unreadable:
        yield f"the database cannot be read: {checks.unreadable}; {keep}"
    if checks.foreign_keys:
        yield f"rows of the database are lost ({_few(checks.foreign_keys)}); {_RESTORE}"


def _of_curves(found: Checkup) -> Iterator[str]:
    for fault in found.checks.curves:
        yield f"run {fault.owner}, metric {fault.key}: {fault.problem}; {_RESTORE}"
    for fault in found.checks.scores:
        yield f"logged model {fault.owner}, metric {fault.key}: {fault.problem}; log it again, or {_RESTORE}"


def _of_files(found: Checkup) -> Iterator[str]:
    for text in found.checks.files:
        yield f"{text}; {_RESTORE}"


def _of_journals(found: Checkup) -> Iterator[str]:
    waiting = found.waiting
    if waiting.damaged:
        size = sum(piece.bytes for piece in waiting.damaged)
        yield (
            f"{_count(len(waiting.damaged), 'piece')} of journals ({size} bytes) could not be read and "
            f"was put aside; what was whole is stored: look at journals/, then run tracker gc --damaged"
        )
    if found.place.read_only and waiting.pending_bytes_left:
        yield f"{waiting.pending_bytes_left} bytes wait in journals, and this folder may only be read; make it writable"
    elif waiting.not_folded and not found.place.read_only and not (found.checks.unreadable or found.checks.integrity):
        yield f"what waits in journals was not folded in: {waiting.not_folded}"
    elif waiting.dead_bytes_left and not waiting.not_folded and found.use.writer is None:
        yield (
            f"{waiting.dead_bytes_left} bytes in journals of processes that have ended were not folded in; "
            "run tracker doctor again, and report it if they stay"
        )


def _of_use(found: Checkup) -> Iterator[str]:
    for process in found.use.foreign_writers:
        yield (
            f"process {process} keeps the database locked and is no tracker; "
            "end its transaction, or nothing can be stored"
        )


def _few(texts: list[str]) -> str:
    """Return the first line, and how many more there are."""
    first = " ".join(texts[0].split())
    return f"{first}, and {len(texts) - 1} more" if len(texts) > 1 else first


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"
