"""Which points of a curve are exact repeats: pure.

A client that got no answer sends again what may have been stored: a point of the same step, time and value is the same
point, as in MLflow.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .segments import Columns


def may_repeat(points: Columns, last_step: int | None) -> bool:
    """Say whether any of at least one new point may be a repeat, of each other or of what ends at a step."""
    return (last_step is not None and int(points.steps.min()) <= last_step) or bool((np.diff(points.steps) <= 0).any())


def without_repeats(points: Columns, known: Columns) -> Columns:
    """Return the points that are not among those known, each once, in the order logged."""
    both = np.concatenate([_rows(known), _rows(points)])
    _, firsts = np.unique(both, axis=0, return_index=True)
    chosen = np.sort(firsts[firsts >= len(known)]) - len(known)
    return Columns(points.steps[chosen], points.timestamps[chosen], points.values[chosen])


def _rows(points: Columns) -> NDArray[np.int64]:
    # All NaN are one, and so are both zeros.
    values = np.where(np.isnan(points.values), np.nan, points.values) + 0.0
    return np.stack([points.steps, points.timestamps, values.view(np.int64)], axis=1)
