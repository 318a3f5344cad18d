"""Count a curve again, piece by piece, to see whether what was derived from it still holds: pure.

It shares no rule with what derives those values when points are stored, so that one can judge the other.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from .segments import Columns
from .summary import Summary


class Recount:
    """Adds up pieces of one curve, in the order logged."""

    def __init__(self) -> None:
        self.points = 0
        self._first: tuple[int, int, float] | None = None
        self._last: tuple[int, int, float] | None = None
        self._low: tuple[float, int] | None = None
        self._high: tuple[float, int] | None = None

    def add(self, piece: Columns) -> None:
        """Add the next piece; one without points adds nothing."""
        if not len(piece):
            return
        self.points += len(piece)
        first = _first(piece)
        self._first = first if self._first is None or first[:2] < self._first[:2] else self._first
        last = _last(piece)
        self._last = max(self._last or last, last)
        finite = np.isfinite(piece.values)
        values, steps = piece.values[finite], piece.steps[finite]
        if len(values):
            self._low = _first_extreme(self._low, values, steps, int(values.argmin()), -1)
            self._high = _first_extreme(self._high, values, steps, int(values.argmax()), 1)

    def differences(self, kept: Summary) -> Iterator[str]:
        """Yield what of the values that are kept is not what the points say."""
        if kept.points != self.points:
            yield f"{kept.points} points are kept as their number, and there are {self.points}"
            return
        if self._last and self._last != (kept.last_step, kept.last_timestamp, kept.last_value or 0.0):
            yield f"the last value is kept as {kept.last_value} at step {kept.last_step}, and is another"
        if self._first and self._first != (kept.first_step, kept.first_timestamp, kept.first_value or 0.0):
            yield f"the first value is kept as {kept.first_value} at step {kept.first_step}, and is another"
        for word, found, value, step in (
            ("minimum", self._low, kept.min_value, kept.min_step),
            ("maximum", self._high, kept.max_value, kept.max_step),
        ):
            if (found or (None, None)) != (value, step):
                yield f"the {word} is kept as {value} at step {step}, and is another"


def _first(piece: Columns) -> tuple[int, int, float]:
    """Return the least (step, timestamp) and its value, NaN counting as 0; of equals, what was logged first."""
    step, timestamp, value = min(
        zip(piece.steps.tolist(), piece.timestamps.tolist(), piece.values.tolist(), strict=True),
        key=lambda each: each[:2],
    )
    return step, timestamp, 0.0 if np.isnan(value) else value


def _last(piece: Columns) -> tuple[int, int, float]:
    """Return the greatest (step, timestamp, value), NaN counting as 0."""
    at = np.flatnonzero(piece.steps == piece.steps.max())
    at = at[piece.timestamps[at] == piece.timestamps[at].max()]
    values = np.nan_to_num(piece.values[at], nan=0.0, posinf=np.inf, neginf=-np.inf)
    return int(piece.steps[at[0]]), int(piece.timestamps[at[0]]), float(values.max())


def _first_extreme(
    known: tuple[float, int] | None,
    values: NDArray[np.float64],
    steps: NDArray[np.int64],
    at: int,
    sign: int,
) -> tuple[float, int]:
    """Return the more extreme of what is known and what a piece has; of equals, what came first."""
    value = float(values[at])
    if known is not None and known[0] * sign >= value * sign:
        return known
    return value, int(steps[at])
