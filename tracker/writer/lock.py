"""Who writes: an advisory lock on a file beside the store."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from ..errors import StoreReadOnly


class WriterLock:
    """Held only while there is something to fold in, so that no process can keep the others waiting idly.

    The system lets go of it when its holder dies, however it dies.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    @contextlib.contextmanager
    def held(self, *, wait: bool = False) -> Iterator[bool]:
        """Hold the lock if it is free, or, with `wait`, as soon as it is; yields whether it is held."""
        try:
            file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as problem:
            raise StoreReadOnly(self._path.parent, problem.strerror or str(problem)) from problem
        try:
            yield _locked(file, wait=wait)
        finally:
            # Closing alone would leave it with a child that was forked meanwhile.
            fcntl.flock(file, fcntl.LOCK_UN)
            os.close(file)

    def holder(self) -> int | None:
        """Return the process ID of who held it last, if anyone has."""
        with contextlib.suppress(OSError, ValueError):
            return int(self._path.read_text())
        return None


def _locked(file: int, *, wait: bool) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    # For people who ask who it is; the lock itself is the system's, and needs no room on the disk.
    with contextlib.suppress(OSError):
        os.pwrite(file, f"{os.getpid():<20d}".encode(), 0)
    return True
