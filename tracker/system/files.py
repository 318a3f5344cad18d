"""Folders and files that outlive a power failure, are nobody else's to enter, or are locked by who uses them."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path


def sync_folder(path: Path) -> None:
    """Force a folder's names to the disk: what was made, renamed or removed in it."""
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def sync_file(path: Path) -> None:
    """Force a file's bytes to the disk."""
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def begin_writing(file: int, offset: int, size: int) -> None:
    """Have the system begin to write a piece of an open file to the disk, where it can be told to; nobody waits for it.

    Who forces a large file to the disk then waits for its last piece only, and the system does not slow down who writes
    it because too much waits.
    """
    # Linux begins to write what is not to be kept in memory; what is being written stays in memory.
    if advise := getattr(os, "posix_fadvise", None):
        advise(file, offset, size, os.POSIX_FADV_DONTNEED)


def private_folder(path: Path, within: Path | None = None) -> None:
    """Make a folder for its owner only, and those above it (up to `within`) that are missing, whatever the umask is."""
    above = [each for each in (path, *path.parents) if (each.is_relative_to(within) if within else not each.exists())]
    for folder in reversed(above):
        try:
            folder.mkdir(mode=0o700)
        except FileExistsError:
            continue
        # A umask may take from a mode; what is more than it gives cannot happen, what is less may.
        folder.chmod(0o700)


def is_locked(path: Path) -> bool:
    """Say whether a living process holds a `flock` on a file or a folder; one that is gone is not locked.

    To ask takes a shared lock for the moment, so whoever asks at the same time is not in the way.
    """
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(file)
    return False
