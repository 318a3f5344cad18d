"""Merge small segments of curves into large ones: what streaming leaves behind, put in order as it ages."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from ...errors import StoreError
from .. import segments
from .connection import Connection

# A segment of this many points is large enough to stay as it is: 8 bytes a point are then 64 KiB a blob.
LARGE = 8192
# This many small segments of one curve are merged while its run goes on.
MANY = 64

_OF_RUNS = """
SELECT series_no FROM series JOIN runs USING (run_no)
WHERE small_segments > 1 AND run_id IN (SELECT value FROM json_each(?))
"""
_OVERDUE = "SELECT series_no FROM series WHERE small_segments >= 64"
_SEGMENTS = "SELECT segment_no, points FROM segments WHERE series_no = ? ORDER BY segment_no"
_DATA = "SELECT data FROM segments WHERE segment_no BETWEEN ? AND ? AND series_no = ? ORDER BY segment_no"
_REPLACE = "UPDATE segments SET first_step = ?, last_step = ?, points = ?, data = ? WHERE segment_no = ?"
_DELETE = "DELETE FROM segments WHERE segment_no > ? AND segment_no <= ? AND series_no = ?"
_MERGED = "UPDATE series SET small_segments = ? WHERE series_no = ?"

log = logging.getLogger("tracker")


def groups(found: Iterable[tuple[int, int]], large: int = LARGE) -> list[tuple[int, int]]:
    """Say which neighbours to merge, given (number, points) of a curve's segments in order: pure.

    Only neighbours are merged, as the order logged is the segments' order. Returns the first and last number of
    each group.
    """
    merged: list[tuple[int, int]] = []
    first, last, points = -1, -1, 0
    for number, count in [*found, (-1, large)]:
        if count >= large or points + count > 2 * large:
            if last > first:
                merged.append((first, last))
            first, last, points = (number, number, count) if count < large else (-1, -1, 0)
        else:
            first, last, points = number if first < 0 else first, number, points + count
    return merged


async def merge_runs(connection: Connection, run_ids: bytes) -> None:
    """Merge what is small in the curves of these runs (a JSON array of IDs)."""
    for (series,) in await connection.rows(_OF_RUNS, (run_ids.decode(),)):
        await _merge(connection, series)


async def merge_overdue(connection: Connection) -> None:
    """Merge the curves that have many small segments."""
    for (series,) in await connection.rows(_OVERDUE):
        await _merge(connection, series)


async def _merge(connection: Connection, series: object) -> None:
    found = await connection.rows(_SEGMENTS, (series,))
    async with connection.transaction():
        for first, last in groups(found):  # type: ignore[arg-type]  # two integers, by the query
            data = await connection.rows(_DATA, (first, last, series))
            try:
                whole = segments.concatenate([segments.decode(blob) for (blob,) in data])  # type: ignore[arg-type]
            except StoreError as problem:
                log.warning("curve %s: %s; it stays in pieces", series, problem)
                continue
            steps = whole.steps
            content = (int(steps.min()), int(steps.max()), len(whole), segments.encode(whole), first)
            await connection.run(_REPLACE, content)
            await connection.run(_DELETE, (first, last, series))
        await connection.run(_MERGED, (1, series))
