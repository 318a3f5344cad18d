"""Take points of runs back: their curves are then as if these had never been logged."""

from __future__ import annotations

import logging
import sqlite3
from typing import Any, NamedTuple

from ...entities.records import Rewind
from ...errors import StoreError
from .. import segments
from ..buckets import encode_outline
from ..segments import Columns
from ..summary import Summary, summarize
from .merge import LARGE, MOST

# What a run's models were measured at stays with them.
_SERIES = """
SELECT series_no, key FROM series JOIN runs USING (run_no) JOIN metric_keys USING (key_no)
WHERE run_id = ? AND of_model = 0 AND last_step >= ?
"""
_DATA = "SELECT first_point, points, data FROM segments WHERE series_no = ? ORDER BY first_point"
# With their outlines.
_NO_SEGMENTS = "DELETE FROM segments WHERE series_no = ? AND first_point >= ?"
_NO_SERIES = "DELETE FROM series WHERE series_no = ?"
_SEGMENT = """
INSERT INTO segments (series_no, first_point, first_step, last_step, points, data) VALUES (?, ?, ?, ?, ?, ?)
"""
_OUTLINE = """
INSERT INTO outlines (segment_no, data) SELECT segment_no, ?3 FROM segments WHERE series_no = ?1 AND first_point = ?2
"""
_SUMMARY = f"""
UPDATE series SET {", ".join(f"{name} = ?" for name in Summary._fields)}, small_segments = ? WHERE series_no = ?
"""
_OUTDATED_SUMMARIES = "DELETE FROM run_summaries WHERE run_no = (SELECT run_no FROM runs WHERE run_id = ?)"
_REWOUND = "UPDATE runs SET rewinds = rewinds + 1 WHERE run_id = ?"

log = logging.getLogger("tracker")


class Piece(NamedTuple):
    """A segment to be written, and its outline if it is large."""

    first_point: int
    points: Columns
    data: bytes
    outline: bytes | None


def rewind(connection: sqlite3.Connection, act: Rewind) -> None:
    """Take back a run's own points from a step on that were logged before a time; within a transaction.

    A curve that cannot be read stays as it is.
    """
    found: list[Any] = connection.execute(_SERIES, (act.run_id, act.step)).fetchall()
    changed = [_rewind_series(connection, series_no, key, act) for series_no, key in found]
    if any(changed):
        connection.execute(_OUTDATED_SUMMARIES, (act.run_id,))
        connection.execute(_REWOUND, (act.run_id,))


def _rewind_series(connection: sqlite3.Connection, series_no: int, key: str, act: Rewind) -> bool:
    """Write a curve anew from the first point on that is taken back; return whether there is any."""
    found: list[Any] = connection.execute(_DATA, (series_no,)).fetchall()
    try:
        whole = _decoded(found)
    except StoreError as problem:
        log.warning("metric %r of run %s cannot be rewound: %s; it stays as it is", key, act.run_id, problem)
        return False
    stays = (whole.steps < act.step) | (whole.timestamps >= act.before)
    if stays.all():
        return False
    untouched = [points for first, points, _ in found if first + points <= int(stays.argmin())]
    begin = sum(untouched)
    connection.execute(_NO_SEGMENTS, (series_no, begin))
    if stays.any():
        kept = Columns(whole.steps[stays], whole.timestamps[stays], whole.values[stays])
        pieces = _pieces(kept, begin)
        _write(connection, series_no, pieces)
        small = sum(points < LARGE for points in [*untouched, *(len(each.points) for each in pieces)])
        summary = summarize(kept)
        connection.execute(_SUMMARY, (*summary, small, series_no))
    else:
        connection.execute(_NO_SERIES, (series_no,))
    return True


def _write(connection: sqlite3.Connection, series_no: int, pieces: list[Piece]) -> None:
    rows = [
        (series_no, piece.first_point, int(steps.min()), int(steps.max()), len(steps), piece.data)
        for piece in pieces
        for steps in [piece.points.steps]
    ]
    outlines = [(series_no, piece.first_point, piece.outline) for piece in pieces if piece.outline is not None]
    connection.executemany(_SEGMENT, rows)
    connection.executemany(_OUTLINE, outlines)


def _decoded(found: list[Any]) -> Columns:
    return segments.concatenate([segments.decode(data) for _, _, data in found])


def _pieces(kept: Columns, first_point: int) -> list[Piece]:
    """Make segments of a curve from a place on."""
    pieces = []
    for begin in range(first_point, len(kept), MOST):
        points = kept.between(begin, begin + MOST)
        outline = encode_outline(points, begin) if len(points) >= LARGE else None
        pieces.append(Piece(begin, points, segments.encode(points), outline))
    return pieces
