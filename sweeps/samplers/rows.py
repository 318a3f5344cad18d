"""What TPE computes of every trial for every proposal, and what never changes: computed once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

Column = npt.NDArray[np.float64]
Columns = dict[str, Column]
_FIRST = 256


class Rows:
    """A row of numbers for each trial, by the trial's number; all of the same names."""

    def __init__(self) -> None:
        self._begin(())

    def columns(
        self, names: Sequence[str], numbers: Sequence[int], compute: Callable[[int], Mapping[str, Column]]
    ) -> Columns | None:
        """Return the columns of these trials' rows.

        `compute` is given the place of a trial in `numbers` whose row is not known, and returns columns of length 1;
        if they are empty, the trial has no row, and there is no table: None.
        """
        if tuple(names) != self._names:
            self._begin(names)
        self._grow(max(numbers, default=0) + 1)
        wanted = np.asarray(numbers, dtype=np.intp)
        for place in np.flatnonzero(~self._known[wanted]).tolist():
            computed = compute(place)
            row = np.array([computed[name] for name in self._names])
            if not row.size:
                return None
            self._cells[numbers[place]] = row[:, 0]
            self._known[numbers[place]] = True
        table = self._cells[wanted]
        return {name: table[:, column].copy() for column, name in enumerate(self._names)}

    def _begin(self, names: Sequence[str]) -> None:
        self._names = tuple(names)
        self._cells = np.empty((_FIRST, len(self._names)))
        self._known = np.zeros(_FIRST, dtype=np.bool_)

    def _grow(self, length: int) -> None:
        more = 2 * length - len(self._known)
        if length > len(self._known):
            self._cells = np.concatenate([self._cells, np.empty((more, len(self._names)))])
            self._known = np.concatenate([self._known, np.zeros(more, dtype=np.bool_)])
