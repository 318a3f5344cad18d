"""Who has the SQLite file locked: pure, over the locks that the system tells of.

SQLite locks single bytes. In WAL mode, whoever writes locks byte 120 of the `-shm` file; in the other modes, and
for an exclusive use, bytes from 2^30 on of the file itself. Whoever has the file open holds a shared lock there.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from ...system import FileLock, locks_on, process_name

_WRITES_WAL = 120
_PENDING = 0x40000000
_RESERVED = _PENDING + 1
_SHARED = _PENDING + 2


def writers(database: Path, held: Iterable[FileLock] | None = None) -> set[int]:
    """Return the processes that keep others from writing just now."""
    held = None if held is None else list(held)
    by_wal = {lock.process for lock in _writing(shared_memory(database), held) if lock.covers(_WRITES_WAL)}
    return by_wal | {
        lock.process
        for lock in _writing(database, held)
        if any(lock.covers(byte) for byte in (_PENDING, _RESERVED, _SHARED))
    }


def users(database: Path, held: Iterable[FileLock] | None = None) -> set[int]:
    """Return the processes that have the file open and have read from it."""
    return {lock.process for lock in locks_on(database, held) if lock.kind != "FLOCK" and lock.covers(_SHARED)}


def blamed(database: Path) -> str:
    """Say, for an error's message, which other processes keep us from writing, or "" if none is known."""
    others = sorted(writers(database) - {os.getpid()})
    return f"held by process {', '.join(map(process_name, others))}" if others else ""


def shared_memory(database: Path) -> Path:
    """Return where the index of the WAL lies."""
    return database.with_name(database.name + "-shm")


def write_ahead_log(database: Path) -> Path:
    """Return where the WAL lies."""
    return database.with_name(database.name + "-wal")


def _writing(path: Path, held: list[FileLock] | None) -> list[FileLock]:
    return [lock for lock in locks_on(path, held) if lock.writes and lock.kind != "FLOCK"]
