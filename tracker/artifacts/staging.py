"""Folders aside, where files lie until they are whole; and those of them that dead processes left.

Whoever fills one keeps it locked (`flock`) meanwhile. The system lets go of the lock when the process dies,
however it dies, so an unlocked one is nobody's; a new one is unlocked for a moment, which its age tells.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from ..system import private_folder

# A folder that was touched within this many seconds may be one that is just about to be locked.
GRACE_SECONDS = 60.0


@contextlib.contextmanager
def stage(aside: Path) -> Iterator[Path]:
    """Give an empty folder in one of its own: a save function that adds a suffix to its path stays inside."""
    private_folder(aside, aside.parent)
    outer = Path(tempfile.mkdtemp(dir=aside))
    try:
        with _locked(outer):
            inner = outer / "files"
            private_folder(inner, inner)
            yield inner
    finally:
        shutil.rmtree(outer, ignore_errors=True)


def staged(aside: Path) -> list[Path]:
    """Return all staging folders, of the living and the dead."""
    return sorted(path for path in aside.iterdir() if path.is_dir()) if aside.is_dir() else []


def remove_abandoned(folder: Path) -> bool:
    """Remove a staging folder unless a process uses it; return whether it is gone."""
    try:
        with _locked(folder, wait=False):
            shutil.rmtree(folder)
    except FileNotFoundError:
        return True
    except BlockingIOError:
        return False
    return True


@contextlib.contextmanager
def _locked(folder: Path, *, wait: bool = True) -> Iterator[None]:
    file = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(file)
