"""What a client sent of its journal: checked as a whole before anything of it is used, and read from where it is new.

A frame lies at a place of a part, and how far a journal is stored is such a place too: so what was sent twice is known
by where it lies, and a gap by what it should have followed.
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..entities.records import Record
from ..errors import InvalidFrame, InvalidInput, JournalGap
from .folder import Position
from .frames import ALIGNMENT, payload_at, whole_frames
from .points import Group, Layout, ModelBlock, ModelLayout, groups, model_block, of_points, payload_words
from .reading import Reading
from .strict import decode_strictly

# A stranger's journal goes by its ID behind this, which no journal in the folder can have.
SENT = "~"
# What is sent at once of one journal, or one whole frame if that is longer.
SENT_BYTES = 1024 * 1024
_PLACE = struct.Struct("<Q")
_HEADER = 8


@dataclass(frozen=True, slots=True)
class Sent:
    """Frames as they lie in a part from `offset` on, which follow what ends at `after`.

    `earlier` are the layouts that they name and that lie before them: for each its place (8 bytes) and its frame.
    """

    journal_id: str
    part: int
    after: int
    offset: int
    frames: bytes
    earlier: bytes = b""

    @property
    def end(self) -> Position:
        """How far the journal is stored once this is."""
        return Position(self.part, self.offset + len(self.frames))


class Said(NamedTuple):
    """What some frames say, all of them of one layout or one frame by itself; `numbers` count them from the first."""

    numbers: Sequence[int]
    what: Record | Layout | ModelBlock


class Received:
    """What was sent, found good.

    Raises:
        InvalidFrame: a frame is damaged, or says what cannot be stored.
    """

    def __init__(self, sent: Sent) -> None:
        self.sent = sent
        self._layouts = _earlier(sent)
        self._said: dict[int, Record | Layout] = {}
        self._points: list[tuple[Layout, NDArray[np.int64]]] = []
        # What is sent is cut into short pieces; but for one call's columns, which may be long.
        begins, stop = whole_frames(sent.frames, most=1 if len(sent.frames) > SENT_BYTES else sys.maxsize)
        if stop < len(sent.frames) or not begins:
            raise InvalidFrame(sent.offset + stop, "its length or its CRC does not fit")
        self._begins = np.array(begins, dtype=np.int64)
        self._require_aligned()
        is_points = of_points(sent.frames, self._begins)
        for begin in self._begins[~is_points].tolist():
            self._take_json(begin)
        points = np.flatnonzero(is_points)
        for group in groups(sent.frames, self._begins[points]):
            self._take_points(group, points[group.members])

    def said(self) -> list[Said]:
        """Return what the frames say: records, layouts, a run's points by their layout, its models' as columns."""
        numbers = {begin: number for number, begin in enumerate(self._begins.tolist())}
        single = [Said((numbers[begin],), what) for begin, what in self._said.items()]
        return [*single, *(self._points_said(*each) for each in self._points)]

    @property
    def edges(self) -> list[int]:
        """Where each frame begins in its part, and where the last one ends."""
        return [*(self._begins + self.sent.offset).tolist(), self.sent.end.offset]

    def beyond(self, stored: Position, first_place: int) -> Reading:
        """Read what is not stored yet; `first_place` is where the count of frames in the order logged goes on.

        Raises:
            JournalGap: something is missing in between.
        """
        sent, begins = self.sent, self._begins
        if sent.part == stored.part and sent.after > stored.offset:
            raise JournalGap(*stored)
        if sent.part > stored.part and sent.after > 0:
            raise JournalGap(*stored)
        if sent.end <= stored:
            begins = begins[:0]
        elif sent.part == stored.part:
            begins = begins[begins + sent.offset >= stored.offset]
        return Reading(sent.frames, begins, sent.offset, first_place, self._layouts.get, self._said.__getitem__)

    def _require_aligned(self) -> None:
        uneven = np.flatnonzero(self._begins % ALIGNMENT)
        if len(uneven) or len(self.sent.frames) % ALIGNMENT or self.sent.offset % ALIGNMENT:
            raise InvalidFrame(self.sent.offset, "frames fill multiples of eight bytes")

    def _take_json(self, begin: int) -> None:
        place = self.sent.offset + begin
        try:
            said = self._said[begin] = decode_strictly(payload_at(self.sent.frames, begin))
        except (InvalidInput, ValueError, RecursionError) as problem:
            raise InvalidFrame(place, str(problem)) from problem
        if isinstance(said, Layout):
            self._layouts[place] = said

    def _take_points(self, group: Group, numbers: NDArray[np.int64]) -> None:
        """Take frames of points, once it is checked that they are as long as their layout has it."""
        begins = self._begins[numbers]
        layout = self._layouts.get(group.layout)
        if layout is None or not layout.names(group.kind):
            raise InvalidFrame(self.sent.offset + int(begins[0]), f"no layout begins at byte {group.layout}")
        wanted = payload_words(self.sent.frames, begins, group.kind, layout)
        lengths = np.frombuffer(self.sent.frames, dtype="<u4")[begins // 4].astype(np.int64) // ALIGNMENT
        unfit = np.flatnonzero(wanted != lengths)
        if len(unfit):
            raise InvalidFrame(self.sent.offset + int(begins[unfit[0]]), "it is not as long as its layout says")
        self._points.append((layout, numbers))

    def _points_said(self, layout: Layout, numbers: NDArray[np.int64]) -> Said:
        if isinstance(layout, ModelLayout):
            return Said(numbers.tolist(), model_block(self.sent.frames, self._begins[numbers], layout, numbers))
        return Said(numbers.tolist(), layout)


def stored_name(journal_id: str) -> str:
    """Return what a stranger's journal goes by in a store."""
    return SENT + journal_id


def packed(layouts: Mapping[int, bytes]) -> bytes:
    """Return layouts' frames with their places, as `Sent.earlier` has them."""
    return b"".join(_PLACE.pack(place) + frame for place, frame in layouts.items())


def _earlier(sent: Sent) -> dict[int, Layout]:
    found: dict[int, Layout] = {}
    data, begin = sent.earlier, 0
    while begin < len(data):
        begins, _ = whole_frames(data, begin + _PLACE.size, 1)
        if not begins:
            raise InvalidFrame(sent.offset, "a layout before it is damaged")
        try:
            layout = decode_strictly(payload_at(data, begins[0]))
        except (InvalidInput, ValueError, RecursionError) as problem:
            raise InvalidFrame(sent.offset, str(problem)) from problem
        (place,) = _PLACE.unpack_from(data, begin)
        if not isinstance(layout, Layout):
            raise InvalidFrame(sent.offset, f"what is said to be a layout at byte {place} is none")
        found[place] = layout
        begin = begins[0] + _HEADER + len(payload_at(data, begins[0]))
    return found
