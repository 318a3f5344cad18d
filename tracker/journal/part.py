"""Read one part of a journal, from a place on."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..entities.records import Act, Record, Rewind
from .codec import decode
from .frames import MAGIC, OLD_MAGIC, frame_bytes, next_frame, payload_at, whole_frames
from .points import Block, Group, Layout, ModelBlock, ModelLayout, blocks, groups, model_block, of_points

# Enough to tell how long a frame is.
_FRAME_BEGINS = 64


class Damage(NamedTuple):
    """A piece of a part that cannot be read: where it begins, its bytes, and what is wrong."""

    begin: int
    data: bytes
    problem: str


class Part:
    """What is good in a part, beyond `begin` and up to about `room` bytes further.

    What is no good frame may be one that is still being written: reading stops there, and `is_suspect` says whether
    good ones follow it. It is damage if nothing will be added to the part (`is_final`), or if it was suspect before.
    `end` is how far it was read; `first_place` and `next_place` count frames in the order logged.
    """

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
        self.damaged: list[Damage] = []
        self.is_suspect = False
        self._layouts: dict[int, Layout] = {}
        with path.open("rb") as self._file:
            self._size = os.fstat(self._file.fileno()).st_size
            # A power loss may have made it shorter than what was folded in of it.
            self._begin = begin = min(begin, self._size)
            self._data, start = self._read(room)
            begins, stop = whole_frames(self._data, start)
            self.end = begin + stop
            self.next_place = first_place + len(begins)
            self._take(np.array(begins, dtype=np.int64), first_place)
            if not self.is_finished and not self._is_cut_off(stop):
                self._meet_damage(is_final=is_final, was_suspect=was_suspect)

    @property
    def is_finished(self) -> bool:
        """Whether it was read to its end."""
        return self.end == self._size

    def _read(self, room: int) -> tuple[bytes, int]:
        """Read up to `room` bytes, or one whole frame if that is longer; return them and where the first frame is."""
        self._file.seek(self._begin)
        data = self._file.read(min(max(room, _FRAME_BEGINS), self._size - self._begin))
        start = len(MAGIC) if self._begin == 0 and data.startswith((MAGIC, OLD_MAGIC)) else 0
        missing = min(start + frame_bytes(data, start), self._size - self._begin) - len(data)
        return data + self._file.read(max(missing, 0)), start

    def _is_cut_off(self, stop: int) -> bool:
        """Say whether what follows may be a good frame that was merely not read to its end."""
        read, left = len(self._data) - stop, self._size - self.end
        length = frame_bytes(self._data, stop)
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

    def _take(self, begins: NDArray[np.int64], first_place: int) -> None:
        """Read the good frames that begin at these places of the data."""
        points = of_points(self._data, begins)
        acts = [place for place in np.flatnonzero(~points).tolist() if self._take_json(int(begins[place]))]
        places = np.flatnonzero(points)
        # A layout that was written again meanwhile is still the same.
        alike: dict[tuple[int, bytes], tuple[Layout, list[NDArray[np.int64]]]] = {}
        for group in groups(self._data, begins[places]):
            members, layout = places[group.members], self._layout(group.layout)
            if layout is None or not layout.names(group.kind):
                self._miss(group, begins[members].tolist())
            else:
                alike.setdefault((group.kind, layout.definition()), (layout, []))[1].append(members)
        measured: list[Block | ModelBlock] = []
        for (kind, _), (layout, parts) in alike.items():
            members = np.sort(np.concatenate(parts))
            if isinstance(layout, ModelLayout):
                measured.append(model_block(self._data, begins[members], layout, members + first_place))
            else:
                self.blocks += blocks(self._data, begins[members], kind, layout, members + first_place)
        if any(isinstance(record, Rewind) for record in self.records):
            # What was logged after it must not be taken back.
            measured, self.blocks = [*measured, *self.blocks], []
        self.records = _among(self.records, measured, np.array(acts, np.int64) + first_place)

    def _take_json(self, begin: int) -> bool:
        """Read a record or a layout; return whether it is an act."""
        found = decode(payload_at(self._data, begin))
        if isinstance(found, Layout):
            self._layouts[self._begin + begin] = found
        else:
            self.records.append(found)
        return isinstance(found, Act)

    def _layout(self, offset: int) -> Layout | None:
        """Find a layout by its place in the part, which may be long before what is read now."""
        if offset not in self._layouts and offset < self._begin:
            self._file.seek(offset)
            head = self._file.read(_FRAME_BEGINS)
            whole = head + self._file.read(max(frame_bytes(head, 0) - len(head), 0))
            found = decode(payload_at(whole, 0)) if whole_frames(whole)[0] else None
            if isinstance(found, Layout):
                self._layouts[offset] = found
        return self._layouts.get(offset)

    def _miss(self, group: Group, begins: list[int]) -> None:
        """Put aside points that nobody can name any more."""
        data = b"".join(self._data[begin : begin + frame_bytes(self._data, begin)] for begin in begins)
        self._put_aside(self._begin + begins[0], data, f"of a layout at byte {group.layout} that is damaged")


def _among(
    records: list[Record | Block | ModelBlock], measured: list[Block | ModelBlock], acts: NDArray[np.int64]
) -> list[Record | Block | ModelBlock]:
    """Put points among records, before the first act that was logged after them; acts' places are given."""
    if not len(acts):
        return [*records, *measured]
    before: dict[int, list[Block | ModelBlock]] = {}
    for block in measured:
        following = np.searchsorted(acts, block.places)
        for number in np.unique(following).tolist():
            before.setdefault(number, []).append(block.where(following == number))
    result: list[Record | Block | ModelBlock] = []
    number = 0
    for record in records:
        if isinstance(record, Act):
            result += before.pop(number, [])
            number += 1
        result.append(record)
    return result + before.pop(number, [])
