"""Read one part of a journal, from a place on."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..entities.records import Record
from .codec import decode
from .frames import MAGIC, OLD_MAGIC, frame_bytes, next_frame, payload_at, whole_frames
from .points import Block, Layout, ModelBlock
from .reading import Reading

# Enough to tell how long a frame is.
_FRAME_BEGINS = 64


class Damage(NamedTuple):
    """A piece of a part that cannot be read: where it begins, its bytes, and what is wrong."""

    begin: int
    data: bytes
    problem: str


class Piece:
    """The good frames of a part, beyond `begin` and up to about `room` bytes further, as bytes.

    What is no good frame may be one that is still being written: reading stops there, and `is_suspect` says whether
    good ones follow it. It is damage if nothing will be added to the part (`is_final`), or if it was suspect before.
    `data` is what was read, with `begins` of the good frames in it; `end` is how far the part was read.
    """

    def __init__(self, path: Path, begin: int, room: int, *, is_final: bool, was_suspect: bool) -> None:
        self.damaged: list[Damage] = []
        self.is_suspect = False
        with path.open("rb") as self._file:
            self._size = os.fstat(self._file.fileno()).st_size
            # A power loss may have made it shorter than what was folded in of it.
            self.begin = begin = min(begin, self._size)
            self.data, start = self._read(room)
            begins, stop = whole_frames(self.data, start)
            self.begins = np.array(begins, dtype=np.int64)
            self.end = begin + stop
            self._take()
            if not self.is_finished and not self._is_cut_off(stop):
                self._meet_damage(is_final=is_final, was_suspect=was_suspect)

    @property
    def is_finished(self) -> bool:
        """Whether it was read to its end."""
        return self.end == self._size

    @property
    def has_more(self) -> bool:
        """Whether there was no room for all of it."""
        return self.begin + len(self.data) < self._size

    def frame_at(self, offset: int) -> bytes:
        """Return the good frame that begins somewhere in the part, while it is open; nothing if there is none."""
        self._file.seek(offset)
        head = self._file.read(_FRAME_BEGINS)
        whole = head + self._file.read(max(frame_bytes(head, 0) - len(head), 0))
        return whole[: frame_bytes(whole, 0)] if whole_frames(whole, most=1)[0] else b""

    def _take(self) -> None:
        """Look at the good frames, while the part is open."""

    def _read(self, room: int) -> tuple[bytes, int]:
        """Read up to `room` bytes, or one whole frame if that is longer; return them and where the first frame is."""
        self._file.seek(self.begin)
        data = self._file.read(min(max(room, _FRAME_BEGINS), self._size - self.begin))
        start = len(MAGIC) if self.begin == 0 and data.startswith((MAGIC, OLD_MAGIC)) else 0
        missing = min(start + frame_bytes(data, start), self._size - self.begin) - len(data)
        return data + self._file.read(max(missing, 0)), start

    def _is_cut_off(self, stop: int) -> bool:
        """Say whether what follows may be a good frame that was merely not read to its end."""
        read, left = len(self.data) - stop, self._size - self.end
        length = frame_bytes(self.data, stop)
        return read < left and (not length or read < length <= left)

    def _meet_damage(self, *, is_final: bool, was_suspect: bool) -> None:
        """Step over what is no frame, if it is certain that it will never be one."""
        self._file.seek(self.end)
        rest = self._file.read(self._size - self.end)
        following = next_frame(rest)
        self.is_suspect = following is not None
        if is_final or (was_suspect and following):
            length = following or len(rest)
            self._put_aside(self.end, rest[:length], "damaged" if following else "torn")
            self.end += length

    def _put_aside(self, begin: int, data: bytes, problem: str) -> None:
        self.damaged.append(Damage(begin, data, f"{len(data)} bytes are {problem}"))


class Part(Piece):
    """What is good in a part, read; `first_place` and `next_place` count frames in the order logged."""

    def __init__(
        self,
        path: Path,
        begin: int,
        room: int,
        first_place: int,
        *,
        is_final: bool,
        was_suspect: bool,
    ) -> None:
        self.records: list[Record | Block | ModelBlock] = []
        self.blocks: list[Block] = []
        self.next_place = first_place
        super().__init__(path, begin, room, is_final=is_final, was_suspect=was_suspect)

    def _take(self) -> None:
        said = Reading(self.data, self.begins, self.begin, self.next_place, self._layout)
        self.records, self.blocks, self.next_place = said.records, said.blocks, said.next_place
        for missed in said.missed:
            self._put_aside(missed.begin, missed.data, f"of a layout at byte {missed.layout} that is damaged")

    def _layout(self, offset: int) -> Layout | None:
        frame = self.frame_at(offset) if offset < self.begin else b""
        found = decode(payload_at(frame, 0)) if frame else None
        return found if isinstance(found, Layout) else None
