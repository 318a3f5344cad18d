"""Read curves: which series make one up, and which of their segments are needed."""

from __future__ import annotations

import logging
import os
from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import orjson
from anyio import to_thread

from ...entities import Buckets, Histories, History
from ...errors import InvalidInput, RunNotFound, StoreError
from ...filter import DatasetFilter
from .. import segments
from ..buckets import blocks, bucket_size, decode_outlines, encode_outline, is_coarse, is_in_order, joined
from ..buckets import buckets as as_buckets
from ..cursors import Seen, decode_cursor, encode_cursor, series_name
from ..segments import Columns
from .connection import Connection

_SERIES_OF_RUNS = """
SELECT series_no, run_id, key, of_model, name, digest, rewinds, series.points FROM series
JOIN runs USING (run_no) JOIN metric_keys USING (key_no) JOIN datasets USING (dataset_no)
WHERE run_id IN (SELECT value FROM json_each(?1))
"""
# By number, so that of a run with very many metrics only those that are asked for are looked at.
_SERIES = f"""{_SERIES_OF_RUNS} AND key_no IN (
    SELECT key_no FROM metric_keys WHERE key IN (SELECT value FROM json_each(?2))
)"""
_KNOWN_RUNS = "SELECT run_id FROM runs WHERE run_id IN (SELECT value FROM json_each(?))"
# Of each series, from the segment on that holds the first point that was not seen.
_SEGMENTS = """
WITH wanted AS MATERIALIZED (
    SELECT json_extract(value, '$[0]') AS series_no, json_extract(value, '$[1]') AS seen FROM json_each(?)
)
SELECT segments.series_no, first_point, points, data FROM wanted CROSS JOIN segments
ON segments.series_no = wanted.series_no AND first_point >= (
    SELECT max(first_point) FROM segments WHERE segments.series_no = wanted.series_no AND first_point <= seen
)
WHERE first_point + points > seen
"""
# All that is needed to draw a curve: each segment's outline, or its data where it has none.
_OUTLINES = """
SELECT first_point, points, first_step, last_step, outlines.data,
    CASE WHEN outlines.data IS NULL THEN segments.data END
FROM segments LEFT JOIN outlines USING (segment_no) WHERE series_no = ?
"""
log = logging.getLogger("tracker")

# From so many points on, segments are decoded by several threads: making these takes about as long as 10 000 points.
_MANY_POINTS = 100_000

Row = tuple[Any, ...]
CurveName = tuple[str, str]


class Series(NamedTuple):
    """One of the series that make up a curve, and how many of its points were seen."""

    number: int
    name: bytes
    points: int
    seen: int


class Segment(NamedTuple):
    """A segment as it is kept."""

    series: int
    first_point: int
    points: int
    data: bytes


async def history(
    connection: Connection, run_id: str, key: str, dataset: DatasetFilter | None, since: str | None
) -> History:
    """Return a curve's points that were logged since a cursor, sorted by step, then in the order logged."""
    seen = decode_cursor(since)
    found = await _series(connection, [run_id], [key], dataset, seen)
    series = found.get((run_id, key), [])
    pieces = await _segments(connection, series)
    return await to_thread.run_sync(_history, (run_id, key), series, pieces)


async def histories(
    connection: Connection, run_ids: Sequence[str], keys: Sequence[str] | None, since: str | None
) -> Histories:
    """Return many curves' points that were logged since a cursor."""
    seen = decode_cursor(since)
    found = await _series(connection, run_ids, keys, None, seen)
    pieces = await _segments(connection, [each for series in found.values() for each in series])
    return await to_thread.run_sync(_histories, found, pieces)


async def buckets(connection: Connection, run_id: str, key: str, dataset: DatasetFilter | None, most: int) -> Buckets:
    """Return a curve in so many buckets, or fewer."""
    found = await _series(connection, [run_id], [key], dataset, {})
    series = found.get((run_id, key), [])
    if len(series) == 1 and is_coarse(series[0].points, most):
        rows: list[Row] = await connection.rows(_OUTLINES, (series[0].number,))
        outlined = await to_thread.run_sync(_outlined, sorted(rows), most)
        if outlined is not None:
            return outlined
    pieces = await _segments(connection, series)
    return await to_thread.run_sync(_drawn, (run_id, key), series, pieces, most)


async def _series(
    connection: Connection,
    run_ids: Sequence[str],
    keys: Sequence[str] | None,
    dataset: DatasetFilter | None,
    seen: Seen,
) -> dict[CurveName, list[Series]]:
    """Return the series that make up each curve, those of a run in the order in which they were first logged."""
    asked = orjson.dumps(run_ids).decode()
    if keys is None:
        rows: list[Row] = await connection.rows(_SERIES_OF_RUNS, (asked,))
    else:
        rows = await connection.rows(_SERIES, (asked, orjson.dumps(keys).decode()))
    await _require_runs(connection, run_ids, {row[1] for row in rows})
    by_curve: dict[CurveName, list[Row]] = defaultdict(list)
    for row in sorted(rows):
        by_curve[row[1], row[2]].append(row)
    return {name: [_one(row, seen) for row in _chosen(found, dataset)] for name, found in by_curve.items()}


async def _require_runs(connection: Connection, run_ids: Iterable[str], known: set[str]) -> None:
    # A run that has a curve is there; only of the others it has to be asked.
    left = [run_id for run_id in run_ids if run_id not in known]
    if left:
        known = {str(row[0]) for row in await connection.rows(_KNOWN_RUNS, (orjson.dumps(left).decode(),))}
    for run_id in left:
        if run_id not in known:
            raise RunNotFound(run_id)


def _chosen(found: list[Row], dataset: DatasetFilter | None) -> list[Row]:
    if dataset is None:
        return [row for row in found if not row[3]] or found
    return [row for row in found if row[4] == dataset.name and dataset.digest in {None, row[5]}]


def _one(row: Row, seen: Seen) -> Series:
    number, *names, points = row
    name = series_name(*names)
    if seen.get(name, 0) > points:
        raise InvalidInput("the cursor is ahead of this store; read once without `since` to get another")
    return Series(number, name, points, seen.get(name, 0))


async def _segments(connection: Connection, series: list[Series]) -> dict[int, list[Segment]]:
    """Return what was not seen of these series, by their numbers, in the order logged; one query for all."""
    found: dict[int, list[Segment]] = defaultdict(list)
    wanted = [(each.number, each.seen) for each in series if each.points > each.seen]
    if not wanted:
        return found
    for row in await connection.rows(_SEGMENTS, (orjson.dumps(wanted).decode(),)):
        found[row[0]].append(Segment(*row))  # type: ignore[arg-type,index]  # by the schema
    for pieces in found.values():
        pieces.sort()
    return found


def _histories(found: Mapping[CurveName, list[Series]], pieces: Mapping[int, list[Segment]]) -> Histories:
    curves = {name: _history(name, series, pieces) for name, series in found.items()}
    read = {each.name: _end(each, pieces) for series in found.values() for each in series}
    return Histories({name: curve for name, curve in curves.items() if len(curve)}, encode_cursor(read))


def _outlined(rows: list[Row], most: int) -> Buckets | None:
    """Make buckets of outlines, or return None where steps go back, or an outline is damaged."""
    ends = [row[3] for row in rows[:-1]]
    if any(row[2] < end for row, end in zip(rows[1:], ends, strict=True)):
        return None
    total = sum(row[1] for row in rows)
    outlines = [encode_outline(segments.decode(data), first) if data else outline for first, *_, outline, data in rows]
    if not all(outlines):
        return None
    try:
        return as_buckets(joined(decode_outlines(outlines), bucket_size(total, most)))
    except StoreError as problem:
        log.warning("%s; the curve is drawn of its points", problem)
        return None


def _drawn(name: CurveName, series: list[Series], pieces: Mapping[int, list[Segment]], most: int) -> Buckets:
    points = _points(name, series, pieces)
    return as_buckets(blocks(points, bucket_size(len(points), most)))


def _history(name: CurveName, series: list[Series], pieces: Mapping[int, list[Segment]]) -> History:
    points = _points(name, series, pieces)
    cursor = encode_cursor({each.name: _end(each, pieces) for each in series})
    return History(points.steps, points.timestamps, points.values, cursor)


def _points(name: CurveName, series: list[Series], pieces: Mapping[int, list[Segment]]) -> Columns:
    try:
        return in_order([unseen(each, pieces.get(each.number, [])) for each in series])
    except StoreError as problem:
        run_id, key = name
        raise StoreError(f"metric {key!r} of run {run_id}: {problem}; tracker doctor tells what is left") from problem


def _end(series: Series, pieces: Mapping[int, list[Segment]]) -> int:
    last = pieces[series.number][-1] if series.number in pieces else None
    return last.first_point + last.points if last else series.seen


def unseen(series: Series, pieces: list[Segment]) -> Columns:
    """Return the points of a series' segments that were not seen, in the order logged.

    Raises:
        StoreError: a segment is damaged.
    """
    begin = pieces[0].first_point if pieces else 0
    total = sum(piece.points for piece in pieces)
    whole = Columns(np.empty(total, np.int64), np.empty(total, np.int64), np.empty(total, np.float64))
    if total < _MANY_POINTS:
        for piece in pieces:
            _put(whole, piece, begin)
    else:
        # Checking, inflating and copying let other threads have the interpreter.
        with ThreadPoolExecutor(os.cpu_count()) as threads:
            deque(threads.map(partial(_put, whole, begin=begin), pieces), maxlen=0)
    return _behind(whole, series.seen - begin) if pieces else whole


def _put(whole: Columns, piece: Segment, begin: int) -> None:
    decoded = segments.decode(piece.data)
    if len(decoded) != piece.points:
        raise StoreError("a segment of a curve is damaged: it has not the number of points that were logged")
    place = slice(piece.first_point - begin, piece.first_point - begin + piece.points)
    whole.steps[place], whole.timestamps[place], whole.values[place] = decoded.steps, decoded.timestamps, decoded.values


def _behind(whole: Columns, place: int) -> Columns:
    return Columns(whole.steps[place:], whole.timestamps[place:], whole.values[place:]) if place else whole


def in_order(curves: list[Columns]) -> Columns:
    """Sort a curve's points by step, then in the order logged; between several series that is the order of time."""
    whole = curves[0] if len(curves) == 1 else segments.concatenate(curves)
    if len(curves) <= 1 and is_in_order(whole.steps):
        return whole
    order = np.argsort(whole.steps, kind="stable") if len(curves) == 1 else np.lexsort((whole.timestamps, whole.steps))
    return Columns(whole.steps[order], whole.timestamps[order], whole.values[order])
