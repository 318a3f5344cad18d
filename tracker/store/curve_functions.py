"""What SQL may ask of a segment's bytes: pure functions, which a connection offers by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache

import numpy as np

from . import segments

# What SQL gets for NaN, which it would take for NULL: for a point that is not there.
NAN = "nan"


def value_at(data: bytes | None, step: int) -> float | str | None:
    """Return the value of a segment's last point at a step: `nan` as text for NaN, None if it has no such point."""
    point = None if data is None else _point_at(data, step)
    if point is None:
        return None
    return NAN if np.isnan(point[1]) else point[1]


def timestamp_at(data: bytes | None, step: int) -> int | None:
    """Return the timestamp (ms) of a segment's last point at a step, None if it has no such point."""
    point = None if data is None else _point_at(data, step)
    return None if point is None else point[0]


FUNCTIONS: Mapping[str, Callable[[bytes | None, int], float | str | None]] = {
    "value_at": value_at,
    "timestamp_at": timestamp_at,
}


# A query asks for the parts of one point one after the other.
@lru_cache(maxsize=4)
def _point_at(data: bytes, step: int) -> tuple[int, float] | None:
    """Return timestamp and value of the point of the greatest (timestamp, value), NaN as 0; of equals the last."""
    columns = segments.decode(data)
    places = np.flatnonzero(columns.steps == step)
    if not len(places):
        return None
    values, timestamps = columns.values[places], columns.timestamps[places]
    last = np.lexsort((np.where(np.isnan(values), 0.0, values), timestamps))[-1]
    return int(timestamps[last]), float(values[last])
