"""Who runs a sweep: one scheduler at a time, and how others on this machine tell it to end.

A sweep's folder in the store holds a file that its scheduler keeps locked. The lock is the lease: it ends with the
process, however that ends, and no clock takes part. Word to stop is a second file, at which the scheduler looks.
"""

from __future__ import annotations

import fcntl
import os
import threading
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from ..errors import SweepError, SweepRunning

_LEASE, _STOP = "lease", "stop"
# Whoever asks for the holder has the lock for some microseconds, so one refusal does not say that there is one.
_TRIES, _PAUSE = 20, 0.005
# POSIX locks are by process, so what this one holds it has to know itself.
_held: set[Path] = set()
_guard = threading.Lock()
# A child that is forked holds none of them.
os.register_at_fork(after_in_child=_held.clear)


class Lease:
    """The right to run a sweep, whose folder is `folder`; hold it as a context."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder = folder.resolve()
        self._name = name
        self._file: int | None = None

    def __enter__(self) -> Self:
        missing = [each for each in (self.folder, *self.folder.parents) if not each.exists()]
        for folder in reversed(missing):
            folder.mkdir(exist_ok=True, mode=0o700)
        with _guard:
            if self.folder in _held:
                raise SweepRunning(self._name, os.getpid())
            self._file = self._locked()
            _held.add(self.folder)
        self._stop_file.unlink(missing_ok=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        with _guard:
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

    def _locked(self) -> int:
        """Open the file, and lock it.

        Raises:
            SweepRunning: another process has.
        """
        file = os.open(self.folder / _LEASE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        if not _lock(file):
            pid = _holder(file)
            os.close(file)
            raise SweepRunning(self._name, pid)
        os.ftruncate(file, 0)
        os.pwrite(file, str(os.getpid()).encode(), 0)
        return file

    @property
    def _stop_file(self) -> Path:
        return self.folder / _STOP


def folder_of(store: str | os.PathLike[str], sweep_id: str) -> Path:
    """Return a sweep's own folder in the store.

    Raises:
        SweepError: its ID, which a foreign store may hold, names none there.
    """
    if sweep_id in {"", ".", ".."} or "/" in sweep_id or "\0" in sweep_id:
        raise SweepError(f"{sweep_id!r} is no ID of a sweep; the store was not written by tracker")
    return Path(store) / "sweeps" / sweep_id


def holder(folder: Path) -> int | None:
    """Return the process that runs the sweep of a folder; None if none does (any more)."""
    # To close the file would end a lock that this process is about to note.
    with _guard:
        return os.getpid() if folder.resolve() in _held else _other_holder(folder)


def ask_to_stop(folder: Path, *, at_once: bool = False) -> None:
    """Leave word for the sweep of a folder to end."""
    with suppress(FileNotFoundError), (folder / _STOP).open("ab") as file:
        file.write(b"xx" if at_once else b"x")


def _lock(file: int) -> bool:
    """Lock a file; return whether that was possible."""
    for _ in range(_TRIES):
        with suppress(OSError):
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        time.sleep(_PAUSE)
    return False


def _holder(file: int) -> int:
    text = os.pread(file, 20, 0)
    return int(text) if text.isdigit() else 0


def _other_holder(folder: Path) -> int | None:
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
