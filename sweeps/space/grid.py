"""Every point of a finite space, in W&B's order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import overload

from .nesting import Path, nest
from .values import fresh

Point = dict[str, object]


@dataclass(frozen=True, slots=True)
class GridPoints(Sequence[Point]):
    """The product of the columns, names in alphabetical order at each level of nesting, the last one turning fastest.

    A point is computed from its index, as digits from a number whose every place has its own base; no list of
    points is ever held. Build it from columns in the order of their paths.
    """

    columns: Mapping[Path, Sequence[object]]

    def __len__(self) -> int:
        return prod(len(column) for column in self.columns.values())

    @overload
    def __getitem__(self, index: int) -> Point: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Point]: ...
    def __getitem__(self, index: int | slice) -> Point | Sequence[Point]:
        chosen = range(len(self))[index]
        return [self._point(one) for one in chosen] if isinstance(chosen, range) else self._point(chosen)

    def _point(self, index: int) -> Point:
        digits: dict[Path, object] = {}
        for path in reversed(list(self.columns)):
            index, digit = divmod(index, len(self.columns[path]))
            digits[path] = self.columns[path][digit]
        return nest((path, fresh(digits[path])) for path in self.columns)
