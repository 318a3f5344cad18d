"""Who runs a sweep: one scheduler at a time, and how others on this machine tell it to end.

A sweep's folder in the store holds a file that its scheduler keeps locked. The lock is the lease: it ends with the
process, however that ends, and no clock takes part. Word to stop is a second file, at which the scheduler looks.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from ..errors import SweepRunning

_LEASE, _STOP = "lease", "stop"
# POSIX locks are by process, so what this one holds it has to know itself.
_held: set[Path] = set()


class Lease:
    """The right to run a sweep, whose folder is `folder`; hold it as a context."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder = folder.resolve()
        self._name = name
        self._file: int | None = None

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if self.folder in _held:
            raise SweepRunning(self._name, os.getpid())
        file = os.open(self.folder / _LEASE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as problem:
            holder = _holder(file)
            os.close(file)
            raise SweepRunning(self._name, holder) from problem
        os.ftruncate(file, 0)
        os.pwrite(file, str(os.getpid()).encode(), 0)
        self._file = file
        _held.add(self.folder)
        self._stop_file.unlink(missing_ok=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        _held.discard(self.folder)
        if self._file is not None:
            os.close(self._file)
            self._file = None

    @property
    def stop_wanted(self) -> int:
        """How often someone has asked for the sweep to end since it began: 0, 1 (in order) or 2 (at once)."""
        try:
            return min(self._stop_file.stat().st_size, 2)
        except OSError:
            return 0

    @property
    def _stop_file(self) -> Path:
        return self.folder / _STOP


def holder(folder: Path) -> int | None:
    """Return the process that runs the sweep of a folder; None if none does (any more)."""
    if folder.resolve() in _held:
        return os.getpid()
    try:
        file = os.open(folder / _LEASE, os.O_RDWR)
    except OSError:
        return None
    try:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return _holder(file)
    else:
        return None
    finally:
        os.close(file)


def ask_to_stop(folder: Path, *, at_once: bool = False) -> None:
    """Leave word for the sweep of a folder to end."""
    with suppress(FileNotFoundError), (folder / _STOP).open("ab") as file:
        file.write(b"xx" if at_once else b"x")


def _holder(file: int) -> int:
    text = os.pread(file, 20, 0)
    return int(text) if text.isdigit() else 0
