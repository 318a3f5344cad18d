"""A folder of a process's own while it lives: what one that was killed has left, the next removes."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_PREFIX = "sweeps-work-"
# A folder that is younger, in seconds, may belong to a process that has yet to lock it.
_YOUNG_SECONDS = 60.0


@contextmanager
def own_folder(place: str | None = None) -> Iterator[str]:
    """Make a folder that nobody else may enter, in `place` or where temporary files are; remove it with the block."""
    _remove_left_over(place or tempfile.gettempdir())
    with tempfile.TemporaryDirectory(prefix=_PREFIX, dir=place, ignore_cleanup_errors=True) as folder:
        file = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            # Nobody waits for the lock: it says that its holder lives, whatever its ID is where somebody else looks.
            fcntl.flock(file, fcntl.LOCK_EX)
            yield folder
        finally:
            os.close(file)


def _remove_left_over(place: str) -> None:
    for path in Path(place).glob(f"{_PREFIX}*"):
        # It may be another user's, or go while it is looked at.
        with suppress(OSError):
            file = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                _remove_if_left_over(path, file)
            finally:
                os.close(file)


def _remove_if_left_over(path: Path, file: int) -> None:
    found = os.fstat(file)
    if found.st_uid == os.getuid() and time.time() - found.st_mtime > _YOUNG_SECONDS:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(path)
