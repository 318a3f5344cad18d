"""What good frames say: records and columns of points, in the order logged. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..entities.records import Act, Record, Rewind
from .codec import decode
from .frames import frame_bytes, payload_at
from .points import Block, Group, Layout, ModelBlock, ModelLayout, blocks, groups, model_block, of_points

# Finds the layout that begins at a place of the part and is not among what is read; None if there is none.
FindLayout = Callable[[int], Layout | None]
# Reads the record or the layout whose frame begins at a place of the buffer.
Decode = Callable[[int], Record | Layout]


class Missed(NamedTuple):
    """Points that nobody can name any more: where they begin in the part, their frames, and where the layout was."""

    begin: int
    data: bytes
    layout: int


class Reading:
    """What the good frames in a buffer say.

    `begins` says where they begin in it, `base` where the buffer begins in its part, and `first_place` what their
    places in the order logged are counted from.
    """

    def __init__(
        self,
        data: bytes,
        begins: NDArray[np.int64],
        base: int,
        first_place: int,
        find_layout: FindLayout,
        decoded: Decode | None = None,
    ) -> None:
        self.records: list[Record | Block | ModelBlock] = []
        self.blocks: list[Block] = []
        self.missed: list[Missed] = []
        self.next_place = first_place + len(begins)
        self._data = data
        self._base = base
        self._find_layout = find_layout
        self._decoded = decoded or (lambda begin: decode(payload_at(data, begin)))
        self._layouts: dict[int, Layout] = {}
        self._take(begins, first_place)

    def _take(self, begins: NDArray[np.int64], first_place: int) -> None:
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
        found = self._decoded(begin)
        if isinstance(found, Layout):
            self._layouts[self._base + begin] = found
        else:
            self.records.append(found)
        return isinstance(found, Act)

    def _layout(self, offset: int) -> Layout | None:
        """Find a layout by its place in the part, which may be long before what is read now."""
        if offset not in self._layouts:
            found = self._find_layout(offset)
            if found is not None:
                self._layouts[offset] = found
        return self._layouts.get(offset)

    def _miss(self, group: Group, begins: list[int]) -> None:
        data = b"".join(self._data[begin : begin + frame_bytes(self._data, begin)] for begin in begins)
        self.missed.append(Missed(self._base + begins[0], data, group.layout))


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
