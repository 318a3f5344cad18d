"""What one piece of a curve adds to the curve's summary: pure.

The last value is the one of the greatest (step, timestamp, value), NaN counting as 0, as in MLflow; the first is that
of the least (step, timestamp), and of equals the one that was logged first. Minimum and maximum are over finite values;
the step is that of the first point that reached them.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .segments import Columns


class Summary(NamedTuple):
    """One piece of a curve in figures; None where no value is finite (min, max) or the value is NaN (first, last)."""

    points: int
    last_value: float | None
    last_step: int
    last_timestamp: int
    min_value: float | None
    min_step: int | None
    max_value: float | None
    max_step: int | None
    first_value: float | None
    first_step: int
    first_timestamp: int


def summarize(points: Columns) -> Summary:
    """Summarize at least one point."""
    last = _last(points)
    extremes, begin = _extremes(points), _point(points, first(points))
    value, step, timestamp = _point(points, last)
    return Summary(len(points), value, step, timestamp, *extremes, *begin)


def first(points: Columns) -> int:
    """Return the place of the first of at least one point."""
    among = np.flatnonzero(points.steps == points.steps.min())
    return int(among[points.timestamps[among].argmin()])


def _point(points: Columns, place: int) -> tuple[float | None, int, int]:
    value = float(points.values[place])
    return None if np.isnan(value) else value, int(points.steps[place]), int(points.timestamps[place])


def _last(points: Columns) -> int:
    among = np.flatnonzero(points.steps == points.steps.max())
    if len(among) == 1:
        return int(among[0])
    values = points.values[among]
    comparable = np.where(np.isnan(values), 0.0, values)
    return int(among[np.lexsort((comparable, points.timestamps[among]))[-1]])


def _extremes(points: Columns) -> tuple[float | None, int | None, float | None, int | None]:
    finite = np.isfinite(points.values)
    if not finite.any():
        return None, None, None, None
    values, steps = (points.values, points.steps) if finite.all() else (points.values[finite], points.steps[finite])
    low, high = int(values.argmin()), int(values.argmax())
    return float(values[low]), int(steps[low]), float(values[high]), int(steps[high])
