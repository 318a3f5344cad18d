"""Append to this process's journal.

Appending is one `write(2)` of one whole frame to a file opened with `O_APPEND`: what it returned from is in
the kernel's hands and outlives the process. Nothing here waits for the store, and nothing raises because of
a full disk: then frames wait in memory, are written first when there is room again, and one warning says so.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import threading
import weakref
from pathlib import Path
from typing import ClassVar

from .codec import MAGIC
from .folder import START, Position, part_path

# A part ends where it has become too large to keep around for its unfolded rest.
PART_BYTES = 64 * 1024 * 1024
# What may wait in memory for room on the disk.
WAITING_BYTES = 64 * 1024 * 1024

log = logging.getLogger("tracker")


class Journal:
    """The journal of one process: parts in a folder, the newest of which is appended to.

    Its file is made at the first append, and stays locked (`flock`) for as long as this process lives, so
    others see whether its owner is still there. After a fork the child goes on in a journal of its own.
    """

    _all: ClassVar[weakref.WeakSet[Journal]] = weakref.WeakSet()

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._reset()
        Journal._all.add(self)

    def _reset(self) -> None:
        self._lock = threading.Lock()
        self._file: int | None = None
        self._waiting = bytearray()
        self._told = False
        self._position = START
        self.journal_id = os.urandom(16).hex()

    @property
    def position(self) -> Position:
        """Where the next frame goes."""
        return self._position

    @property
    def waiting(self) -> int:
        """Bytes that are in memory only, for want of room on the disk."""
        return len(self._waiting)

    def append(self, frame: bytes) -> None:
        """Append one frame; returns when it is *logged*."""
        with self._lock:
            if self._waiting:
                frame = self._take_waiting() + frame
            file = self._file
            try:
                if file is None or self._position.offset >= PART_BYTES:
                    file = self._next_part()
                written = os.write(file, frame)
            except OSError as problem:
                self._keep_waiting(frame, problem)
                return
            if written == len(frame):
                self._position = Position(self._position.part, self._position.offset + written)
            else:
                self._cut_off(file, frame)

    def sync(self) -> None:
        """Force what was appended to the disk: *synced*."""
        with self._lock:
            if self._file is not None:
                os.fsync(self._file)

    def retry(self) -> None:
        """Try again to write what waits in memory."""
        if self._waiting:
            self.append(b"")

    def close(self) -> None:
        """Let go of the file; another process may fold in and remove what is left of it."""
        with self._lock:
            self._release()

    def _next_part(self) -> int:
        part = self._position.part + 1
        path = part_path(self._folder, self.journal_id, part)
        aside = path.with_suffix(".new")
        self._folder.mkdir(mode=0o700, exist_ok=True)
        file = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            os.write(file, MAGIC)
            # It gets its name only when it is locked: an unlocked part counts as left behind by the dead.
            aside.rename(path)
        except OSError:
            os.close(file)
            raise
        self._release()
        self._file, self._position = file, Position(part, len(MAGIC))
        return file

    def _release(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _cut_off(self, file: int, frame: bytes) -> None:
        """Undo a write that the disk took only a part of, so that no torn frame hides the next ones."""
        with contextlib.suppress(OSError):
            os.ftruncate(file, self._position.offset)
        self._keep_waiting(frame, OSError("the disk took only a part of a record"))

    def _keep_waiting(self, frame: bytes, problem: OSError) -> None:
        if len(frame) > WAITING_BYTES:
            log.error("logged values are lost: more than %d bytes wait for room on the disk", WAITING_BYTES)
            return
        if not self._told:
            self._told = True
            log.warning("cannot write to %s (%s); logged values wait in memory for room", self._folder, problem)
        self._waiting += frame

    def _take_waiting(self) -> bytes:
        waiting, self._waiting = bytes(self._waiting), bytearray()
        return waiting

    @classmethod
    def _after_fork(cls) -> None:
        # The file and its lock are the parent's; what waits in memory is the parent's to write.
        for journal in list(cls._all):
            journal._release()  # noqa: SLF001  # its own class
            journal._reset()  # noqa: SLF001  # its own class


os.register_at_fork(after_in_child=Journal._after_fork)  # noqa: SLF001  # its own module
