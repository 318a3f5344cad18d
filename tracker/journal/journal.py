"""Append to this process's journal.

Appending is one `pwrite(2)` of one whole frame: what it returned from is in the kernel's hands and outlives the
process. Nothing here waits for the store, and nothing raises because of a disk that is full or fails: then what is
logged waits in memory, is written first when the disk takes it again, and one warning says so.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import tempfile
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import ClassVar, NamedTuple
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from ..system import sync_file, sync_folder
from .fences import written_token
from .folder import START, Position
from .frames import header
from .open_part import OpenPart, require_whole
from .points import Layout

# What may wait in memory for room on the disk.
WAITING_BYTES = 256 * 1024 * 1024
# What a call's points take in memory beyond their values.
_CALL_BYTES = 400
_VALUE_BYTES = 32
_RESCUED = "no room in %s (%s): the last %d calls are in %s; move its file there when there is room"
_LOST = "no room in %s (%s): the last %d calls are lost, for temporary files have no room either (%s)"

log = logging.getLogger("tracker")


class _Waiting(NamedTuple):
    """What could not be written yet: its frame, made once its layout has a place; and about how much memory that is."""

    layout: Layout | None
    frame: Callable[[], bytes]
    size: int


class Journal:
    """The journal of one process: parts in a folder, the newest of which is appended to.

    A part is made at the first append. After a fork the child goes on in a journal of its own. A journal's name says
    with which token its process writes, if it has one: that is known wherever reading begins, and costs nothing.
    """

    _all: ClassVar[weakref.WeakSet[Journal]] = weakref.WeakSet()

    def __init__(self, folder: Path, token: int | None = None) -> None:
        self._folder = folder
        self._token = token
        self._reset()
        Journal._all.add(self)

    def _reset(self) -> None:
        self._lock = threading.Lock()
        self._part: OpenPart | None = None
        self._position = START
        # Parts that were let go of, and perhaps never forced to the disk; and the file whose name is on it.
        self._ended: list[Path] = []
        self._named: OpenPart | None = None
        self._sync_failure: OSError | None = None
        self._waiting: deque[_Waiting] = deque()
        self._waiting_bytes = 0
        self._lost = 0
        # Journals are folded in by their names: of a run that went on in another process, the older one first.
        self.journal_id = f"{time.time_ns():016x}{os.urandom(8).hex()}" + written_token(self._token)

    @property
    def position(self) -> Position:
        """Where the next frame goes."""
        return self._part.position if self._part else self._position

    @property
    def waiting(self) -> int:
        """About how many bytes are in memory only, for want of a disk that takes them."""
        return self._waiting_bytes

    def points(self, layout: Layout, step: int, timestamp: int, values: Iterable[float | bytes]) -> None:
        """Append the points of one call, of a run or, by a `ModelLayout`, a model; returns when they are *logged*.

        Raises:
            struct.error, OverflowError: a step or a value cannot be kept; nothing was appended then.
        """
        with self._lock:
            try:
                if self._waiting:
                    self._write_waiting()
                part = self._part
                if part is None or layout.home is not part or part.offset >= layout.until:
                    part = self._prepare(layout)
                # As `Layout.points` and `OpenPart.write` do it, without the calls.
                payload = layout.pack(layout.kind, layout.offset, step, timestamp, *values)
                frame = header(len(payload), crc32(payload)) + payload
                written = os.pwrite(part.file, frame, part.offset)
                if written != len(frame):
                    require_whole(written, frame)
                part.offset += written
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

    def append(self, frames: bytes) -> None:
        """Append frames by one write; returns when they are *logged*."""
        self._append(_Waiting(None, lambda: frames, _CALL_BYTES + len(frames)))

    def sync(self) -> None:
        """Force what was appended to the disk: *synced*.

        Raises:
            OSError: the disk failed. Then what was appended before may never be on it, whatever a later try says.
        """
        with self._lock:
            ended, self._ended = self._ended, []
            part, self._named, named = self._part, self._part, self._named
            # Others may append while the disk works.
            file = os.dup(part.file) if part else None
        try:
            if self._sync_failure is not None:
                raise self._sync_failure
            _sync(file, ended, None if part is named else self._folder)
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
                self._give_up(problem)

    def close(self) -> None:
        """Let go of the file; another process may fold in and remove what is left of it.

        What still waits in memory is written to another disk, if there is one with room, and told.
        """
        with self._lock:
            try:
                self._write_waiting()
            except OSError as problem:
                self._rescue(problem)
            self._release()

    def _append(self, new: _Waiting) -> None:
        with self._lock:
            try:
                self._write_waiting()
                self._prepare(new.layout).write(new.frame())
            except OSError as problem:
                self._wait(new, problem)

    def _prepare(self, layout: Layout | None) -> OpenPart:
        """Return a part that the next frame can go into, and that knows its layout."""
        part = self._part
        if part is None or part.is_full:
            part = OpenPart.begin(self._folder, self.journal_id, self.position.part + 1)
            self._release()
            self._part = part
        if layout is not None and not part.knows(layout):
            part.place(layout)
        return part

    def _release(self) -> None:
        if self._part is not None:
            self._part.close()
            self._ended.append(self._part.path)
            self._position, self._part = self._part.position, None

    def _wait(self, new: _Waiting, problem: OSError) -> None:
        if self._give_up(problem) and not self._waiting:
            try:
                self._prepare(new.layout).write(new.frame())
            except OSError as again:
                problem = again
            else:
                return
        if not self._waiting:
            log.warning("cannot write to %s (%s); what is logged waits in memory for room", self._folder, problem)
        if self._waiting_bytes + new.size > WAITING_BYTES:
            self._lose()
            return
        self._waiting.append(new)
        self._waiting_bytes += new.size

    def _give_up(self, problem: OSError) -> bool:
        """Let go of a part that may not grow any more (RLIMIT_FSIZE), where the next one may."""
        given_up = problem.errno == errno.EFBIG and self._part is not None and not self._part.is_empty
        if given_up:
            self._release()
        return given_up

    def _lose(self) -> None:
        if not self._lost:
            log.error("what is logged from now on is lost: %d MiB wait for room already", WAITING_BYTES // 1024**2)
        self._lost += 1

    def _write_waiting(self) -> None:
        if not self._waiting:
            return
        self._drain()
        lost, self._lost = self._lost, 0
        outcome = f"{lost} calls were lost" if lost else "nothing was lost"
        log.warning("can write to %s again; %s", self._folder, outcome)

    def _drain(self) -> None:
        while self._waiting:
            first = self._waiting[0]
            self._prepare(first.layout).write(first.frame())
            self._waiting_bytes -= self._waiting.popleft().size

    def _rescue(self, problem: OSError) -> None:
        calls = len(self._waiting)
        try:
            rescue = Journal(Path(tempfile.mkdtemp(prefix="tracker-rescue-")), self._token)
            rescue._waiting = self._waiting  # its own class
            rescue._drain()  # its own class
        except OSError as other:
            log.error(_LOST, self._folder, problem, calls, other)  # noqa: TRY400  # a line is enough
            return
        rescue.close()
        log.error(_RESCUED, self._folder, problem, calls, rescue._folder)  # its own class
        self._waiting, self._waiting_bytes = deque(), 0

    @classmethod
    def _after_fork(cls) -> None:
        # The file and its lock are the parent's; what waits in memory is the parent's to write.
        for journal in list(cls._all):
            if journal._part is not None:  # noqa: SLF001  # its own class
                os.close(journal._part.file)  # noqa: SLF001  # its own class
            journal._reset()  # noqa: SLF001  # its own class


def _sync(file: int | None, ended: Iterable[Path], folder: Path | None) -> None:
    for path in ended:
        # One that is gone is stored already.
        with contextlib.suppress(FileNotFoundError):
            sync_file(path)
    if file is not None:
        _fdatasync(file)
    if folder is not None:
        sync_folder(folder)


# A file's size goes with its bytes; of its times nobody asks.
_fdatasync = getattr(os, "fdatasync", os.fsync)


os.register_at_fork(after_in_child=Journal._after_fork)  # noqa: SLF001  # its own module
