"""Append to this process's journal.

Appending is one `pwrite(2)` of one whole frame: what it returned from is in the kernel's hands and outlives the
process. Nothing here waits for the store, and nothing raises because of a disk that is full or fails: then what is
logged waits in memory, is written first when the disk takes it again, and one warning says so.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import logging
import os
import threading
import weakref
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import ClassVar, NamedTuple
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from .folder import START, Position, part_path, sync_folder
from .frames import MAGIC, header
from .points import POINTS, Layout

# A part ends where it has become too large to keep around for its unfolded rest.
PART_BYTES = 64 * 1024 * 1024
# A layout is written again after so many bytes, so that damage to it can cost no more of what follows.
LAYOUT_BYTES = 1024 * 1024
# What may wait in memory for room on the disk.
WAITING_BYTES = 256 * 1024 * 1024
# What a call's points take in memory beyond their values.
_CALL_BYTES = 400
_VALUE_BYTES = 32

log = logging.getLogger("tracker")


class _Waiting(NamedTuple):
    """What could not be written yet: its frame, made once its layout has a place; and about how much memory that is."""

    layout: Layout | None
    frame: Callable[[], bytes]
    size: int


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
        # What layouts know the part by that they are written in.
        self._home = object()
        self._part = 0
        self._offset = 0
        self._full = PART_BYTES
        self._waiting: deque[_Waiting] = deque()
        self._waiting_bytes = 0
        self._lost = 0
        # Parts that were let go of, and perhaps never forced to the disk.
        self._ended: list[Path] = []
        self._sync_failure: OSError | None = None
        self.journal_id = os.urandom(16).hex()

    @property
    def position(self) -> Position:
        """Where the next frame goes."""
        return Position(self._part, self._offset) if self._part else START

    @property
    def waiting(self) -> int:
        """About how many bytes are in memory only, for want of a disk that takes them."""
        return self._waiting_bytes

    def points(self, layout: Layout, step: int, timestamp: int, values: Iterable[float]) -> None:
        """Append the points of one call; returns when they are *logged*.

        Raises:
            struct.error, OverflowError: a step or a value cannot be kept; nothing was appended then.
        """
        with self._lock:
            try:
                if self._waiting:
                    self._write_waiting()
                if layout.home is not self._home or self._offset >= layout.until:
                    self._place(layout)
                # As `Layout.points` and `_write` do it, without the calls.
                payload = layout.pack(POINTS, layout.offset, step, timestamp, *values)
                frame = header(len(payload), crc32(payload)) + payload
                written = os.pwrite(self._file, frame, self._offset)  # type: ignore[arg-type]  # open since `_place`
                if written != len(frame):
                    _require_whole(written, frame)
                self._offset += written
            except OSError as problem:
                kept = tuple(values)
                layout.points(step, timestamp, kept)  # what cannot be kept is refused now, and not when there is room
                again = partial(layout.points, step, timestamp, kept)
                self._wait(_Waiting(layout, again, _CALL_BYTES + _VALUE_BYTES * len(kept)), problem)

    def columns(
        self,
        layout: Layout,
        steps: NDArray[np.int64],
        timestamps: NDArray[np.int64],
        values: Sequence[NDArray[np.float64]],
    ) -> None:
        """Append columns of points, all of them or none; returns when they are *logged*."""
        size = steps.nbytes * (2 + len(values))
        self._append(_Waiting(layout, partial(layout.columns, steps, timestamps, values), _CALL_BYTES + size))

    def append(self, frame: bytes) -> None:
        """Append one frame; returns when it is *logged*."""
        self._append(_Waiting(None, lambda: frame, _CALL_BYTES + len(frame)))

    def sync(self) -> None:
        """Force what was appended to the disk: *synced*.

        Raises:
            OSError: the disk failed. Then what was appended before may never be on it, whatever a later try says.
        """
        with self._lock:
            ended, self._ended = self._ended, []
            file = None if self._file is None else os.dup(self._file)
        try:
            if self._sync_failure is not None:
                raise self._sync_failure
            _sync(file, ended, self._folder)
        except OSError as problem:
            self._sync_failure = problem
            raise
        finally:
            if file is not None:
                os.close(file)

    def retry(self) -> None:
        """Try again to write what waits in memory."""
        with self._lock:
            try:
                self._write_waiting()
            except OSError as problem:
                self._meet(problem)

    def close(self) -> None:
        """Let go of the file; another process may fold in and remove what is left of it."""
        with self._lock:
            self._release()

    def _append(self, new: _Waiting) -> None:
        with self._lock:
            try:
                self._write_waiting()
                self._write_one(new)
            except OSError as problem:
                self._wait(new, problem)

    def _write_one(self, each: _Waiting) -> None:
        if each.layout is not None:
            self._place(each.layout)
        elif self._file is None or self._offset >= self._full:
            self._next_part()
        self._write(each.frame())

    def _place(self, layout: Layout) -> None:
        """Write a layout where the frame that follows can name it, in a new part if this one is full."""
        if layout.home is self._home and self._offset < layout.until:
            return
        if self._file is None or self._offset >= self._full:
            self._next_part()
        offset = self._offset
        self._write(layout.definition())
        layout.home, layout.offset = self._home, offset
        layout.until = min(offset + LAYOUT_BYTES, self._full)

    def _write(self, frame: bytes) -> None:
        assert self._file is not None  # noqa: S101  # for the type checker
        # At its place and not at the end: what a failed write left behind there is written over.
        written = os.pwrite(self._file, frame, self._offset)
        _require_whole(written, frame)
        self._offset += written

    def _next_part(self) -> None:
        part = self._part + 1
        path = part_path(self._folder, self.journal_id, part)
        aside = path.with_suffix(".new")
        self._folder.mkdir(mode=0o700, exist_ok=True)
        file = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            _require_whole(os.write(file, MAGIC), MAGIC)
            # It gets its name only when it is locked: an unlocked part counts as left behind by the dead.
            aside.rename(path)
        except OSError:
            os.close(file)
            raise
        self._release()
        self._file, self._part, self._offset = file, part, len(MAGIC)
        self._home, self._full = object(), PART_BYTES

    def _release(self) -> None:
        if self._file is not None:
            with contextlib.suppress(OSError):
                # A failed write may have left a piece of a record behind the last whole one.
                os.ftruncate(self._file, self._offset)
            os.close(self._file)
            self._file = None
            self._home = object()
            self._ended.append(part_path(self._folder, self.journal_id, self._part))

    def _wait(self, new: _Waiting, problem: OSError) -> None:
        self._meet(problem)
        if not self._waiting:
            log.warning("cannot write to %s (%s); what is logged waits in memory for room", self._folder, problem)
        if self._waiting_bytes + new.size > WAITING_BYTES:
            self._lose()
            return
        self._waiting.append(new)
        self._waiting_bytes += new.size

    def _meet(self, problem: OSError) -> None:
        if problem.errno == errno.EFBIG:
            # This part may not grow any more (RLIMIT_FSIZE); the next one may.
            self._home, self._full = object(), 0

    def _lose(self) -> None:
        if not self._lost:
            log.error("what is logged from now on is lost: %d MiB wait for room already", WAITING_BYTES // 1024**2)
        self._lost += 1

    def _write_waiting(self) -> None:
        if not self._waiting:
            return
        while self._waiting:
            self._write_one(self._waiting[0])
            self._waiting_bytes -= self._waiting.popleft().size
        lost, self._lost = self._lost, 0
        log.warning(
            "can write to %s again; %s", self._folder, f"{lost} calls were lost" if lost else "nothing was lost"
        )

    @classmethod
    def _after_fork(cls) -> None:
        # The file and its lock are the parent's; what waits in memory is the parent's to write.
        for journal in list(cls._all):
            if journal._file is not None:  # noqa: SLF001  # its own class
                os.close(journal._file)  # noqa: SLF001  # its own class
            journal._reset()  # noqa: SLF001  # its own class


def _require_whole(written: int, data: bytes) -> None:
    if written < len(data):
        raise OSError(errno.ENOSPC, "the disk took only a part of what was written")


def _sync(file: int | None, ended: Iterable[Path], folder: Path) -> None:
    for path in ended:
        # One that is gone is stored already.
        with contextlib.suppress(FileNotFoundError), path.open("rb") as part:
            os.fsync(part)
    if file is not None:
        os.fsync(file)
        sync_folder(folder)


os.register_at_fork(after_in_child=Journal._after_fork)  # noqa: SLF001  # its own module
