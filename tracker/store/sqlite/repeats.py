"""Leave out of a batch what is in the store already, where an exact repeat of a point is no further point."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Sequence
from typing import Any

from ..batch import CurveKey
from ..repeats import may_repeat, without_repeats
from ..segments import Columns, columns, concatenate, decode

_SERIES = """
SELECT series_no, last_step FROM series JOIN runs USING (run_no) JOIN metric_keys USING (key_no)
    JOIN datasets USING (dataset_no)
WHERE run_id = ? AND key = ? AND of_model = ? AND datasets.name = ? AND digest = ?
"""
_SEGMENTS = "SELECT data FROM segments WHERE series_no = ? AND last_step >= ? AND first_step <= ? ORDER BY first_point"

Points = tuple[CurveKey, Columns]


def new_only(connection: sqlite3.Connection, once: Collection[CurveKey], found: Sequence[Points]) -> list[Points]:
    """Return curves' new points without those that are repeats, in the curves that have each point once.

    Nearly always a curve's steps rise, and nothing is read but where it ends.
    """
    if not once:
        return list(found)
    kept: list[Points] = []
    for curve, points in found:
        new = _new(connection, curve, points) if curve in once else points
        if len(new):
            kept.append((curve, new))
    return kept


def _new(connection: sqlite3.Connection, curve: CurveKey, points: Columns) -> Columns:
    rows: list[Any] = connection.execute(_SERIES, curve).fetchall()
    number, last_step = rows[0] if rows else (None, None)
    if not may_repeat(points, last_step):
        return points
    reach = (number, int(points.steps.min()), int(points.steps.max()))
    pieces: list[Any] = connection.execute(_SEGMENTS, reach).fetchall() if rows else []
    return without_repeats(points, concatenate([columns([], [], []), *(decode(data) for (data,) in pieces)]))
