"""Merge small segments of curves into large ones: what streaming leaves behind, put in order as it ages.

A segment that has become large stays as it is, and gets an outline, which is what charts are made of. While a run
goes on, a segment is merged again only when as many points have come after it, so that a point is rewritten a few
times on its way into a large segment, not each time.
"""

from __future__ import annotations

import logging
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

import orjson

from ...errors import StoreError
from .. import segments
from ..buckets import encode_outline
from .plain import transaction

# A segment of this many points is large enough to stay as it is: 8 bytes a point are then 64 KiB a blob.
LARGE = 8192
# Small ones are not merged into more points than this: 512 KiB, which is what reading any of its points costs.
MOST = 65_536
# This many small segments of one curve are merged while its run goes on.
MANY = 64
# What is read, merged and written at once, in points.
_PORTION = 1_000_000
# How many curves are looked at together.
_CURVES = 500

_OF_RUNS = """
SELECT series_no FROM series JOIN runs USING (run_no)
WHERE (small_segments > 1 OR points >= ?) AND run_id IN (SELECT value FROM json_each(?))
"""
_OVERDUE = "SELECT series_no FROM series WHERE small_segments >= 64"
_SEGMENTS = """
SELECT series_no, segment_no, first_point, points, EXISTS (SELECT 1 FROM outlines WHERE segment_no = a.segment_no)
FROM json_each(?) JOIN segments AS a ON series_no = value
"""
# What stands before a segment with an outline was put in order with it.
_RECENT = f"""{_SEGMENTS} AND first_point > coalesce((
    SELECT first_point FROM segments AS b JOIN outlines USING (segment_no)
    WHERE b.series_no = value ORDER BY first_point DESC LIMIT 1
), -1)"""
_DATA = """
WITH wanted AS MATERIALIZED (
    SELECT json_extract(value, '$[0]') AS series_no, json_extract(value, '$[1]') AS low,
        json_extract(value, '$[2]') AS high
    FROM json_each(?)
)
SELECT segments.series_no, low, first_point, data FROM wanted CROSS JOIN segments
ON segments.series_no = wanted.series_no AND first_point BETWEEN low AND high
"""
_REPLACE = "UPDATE segments SET first_step = ?, last_step = ?, points = ?, data = ? WHERE segment_no = ?"
_DELETE = "DELETE FROM segments WHERE series_no = ? AND first_point > ? AND first_point <= ?"
_OUTLINE = "INSERT INTO outlines (segment_no, data) VALUES (?, ?) ON CONFLICT DO UPDATE SET data = excluded.data"
_LEFT = "UPDATE series SET small_segments = ? WHERE series_no = ?"

log = logging.getLogger("tracker")


class Segment(NamedTuple):
    """Where a segment stands, and whether it has an outline."""

    series: int
    number: int
    first_point: int
    points: int
    outlined: int


class Task(NamedTuple):
    """Neighbours to be merged into the first of them, or a large one that lacks its outline."""

    series: int
    number: int
    first_point: int
    last_segment: int
    points: int


def groups(found: Iterable[tuple[int, int]], large: int, most: int) -> list[tuple[int, int]]:
    """Say which neighbours to merge, given (place, points) of a curve's segments in order: pure.

    Only neighbours are merged, as the order logged is the segments' order. Returns the first and last place of
    each group.
    """
    merged: list[tuple[int, int]] = []
    first, last, points = -1, -1, 0
    for place, count in [*found, (-1, large)]:
        if count >= large or points + count > most:
            if last > first:
                merged.append((first, last))
            first, last, points = (place, place, count) if count < large else (-1, -1, 0)
        else:
            first, last, points = place if first < 0 else first, place, points + count
    return merged


def aged(found: Sequence[tuple[int, int]]) -> Sequence[tuple[int, int]]:
    """Leave out the first ones for as long as fewer points came after each: pure."""
    after = sum(points for _, points in found)
    for number, (_, points) in enumerate(found):
        after -= points
        if points <= after:
            return found[number:]
    return ()


def merge_runs(connection: sqlite3.Connection, run_ids: bytes) -> None:
    """Merge what is small in the curves of these runs (a JSON array of IDs), and outline what is large."""
    found = connection.execute(_OF_RUNS, (LARGE, run_ids.decode())).fetchall()
    _put_in_order(connection, [number for (number,) in found], ended=True)


def merge_overdue(connection: sqlite3.Connection) -> None:
    """Do the same to the curves that have many small segments."""
    found = connection.execute(_OVERDUE).fetchall()
    _put_in_order(connection, [number for (number,) in found], ended=False)


def _put_in_order(connection: sqlite3.Connection, series: Sequence[object], *, ended: bool) -> None:
    for start in range(0, len(series), _CURVES):
        numbers = orjson.dumps(series[start : start + _CURVES]).decode()
        rows = connection.execute(_SEGMENTS if ended else _RECENT, (numbers,)).fetchall()
        tasks: list[Task] = []
        left: list[tuple[int, int]] = []
        for number, found in groupby(sorted(Segment(*row) for row in rows), key=lambda each: each.series):
            pieces = sorted(found, key=lambda each: each.first_point)
            mine = list(_tasks(pieces, ended=ended))
            tasks += mine
            left.append((_small_after(pieces, mine), number))
        *before, last = _portions(tasks)
        for portion in before:
            _do(connection, portion, [])
        _do(connection, last, left)


def _tasks(pieces: Sequence[Segment], *, ended: bool) -> Iterator[Task]:
    by_place = {each.first_point: each for each in pieces}
    places = [(each.first_point, each.points) for each in pieces]
    for first, last in groups(places if ended else aged(places), LARGE, MOST):
        end = by_place[last].first_point + by_place[last].points
        yield Task(by_place[first].series, by_place[first].number, first, last, end - first)
    for each in pieces:
        if each.points >= LARGE and not each.outlined:
            yield Task(each.series, each.number, each.first_point, each.first_point, each.points)


def _small_after(pieces: Sequence[Segment], tasks: Sequence[Task]) -> int:
    """Count the small ones that remain; never so many that looking again at once would be of use."""
    inside = {
        each.number for each in pieces for task in tasks if task.first_point <= each.first_point <= task.last_segment
    }
    small = sum(each.points < LARGE and each.number not in inside for each in pieces)
    return min(MANY // 2, small + sum(task.points < LARGE for task in tasks))


def _portions(tasks: Iterable[Task]) -> Iterator[list[Task]]:
    """Cut tasks into lists of so many points that memory holds them; there is at least one list."""
    portion: list[Task] = []
    points = 0
    for task in tasks:
        if portion and points + task.points > _PORTION:
            yield portion
            portion, points = [], 0
        portion.append(task)
        points += task.points
    yield portion


def _do(connection: sqlite3.Connection, tasks: Sequence[Task], left: Sequence[tuple[int, int]]) -> None:
    """Read, merge and write back; nobody else writes meanwhile, as the caller holds the writer's lock."""
    wanted = orjson.dumps([(task.series, task.first_point, task.last_segment) for task in tasks]).decode()
    data: dict[tuple[object, object], list[tuple[object, ...]]] = defaultdict(list)
    for series, first, *piece in connection.execute(_DATA, (wanted,)).fetchall():
        data[series, first].append(tuple(piece))
    done = _merged(tasks, data)
    with transaction(connection):
        connection.executemany(_DELETE, [(task.series, task.first_point, task.last_segment) for task, *_ in done])
        connection.executemany(_REPLACE, [(*content, task.number) for task, content, _ in done if content])
        connection.executemany(_OUTLINE, [(task.number, outline) for task, _, outline in done if outline is not None])
        connection.executemany(_LEFT, left)


Done = tuple[Task, tuple[int, int, int, bytes] | None, bytes | None]


def _merged(tasks: Sequence[Task], data: dict[tuple[object, object], list[tuple[object, ...]]]) -> list[Done]:
    done: list[Done] = []
    for task in tasks:
        pieces = [blob for _, blob in sorted(data[task.series, task.first_point])]
        try:
            whole = segments.concatenate([segments.decode(blob) for blob in pieces])  # type: ignore[arg-type]
        except StoreError as problem:
            log.warning("curve %s: %s; it stays as it is", task.series, problem)
            # An empty outline keeps a large one from being looked at again and again.
            done += [(task, None, b"")] if len(pieces) == 1 else []
            continue
        done.append((task, _content(whole) if len(pieces) > 1 else None, _outline(whole, task)))
    return done


def _content(whole: segments.Columns) -> tuple[int, int, int, bytes]:
    return int(whole.steps.min()), int(whole.steps.max()), len(whole), segments.encode(whole)


def _outline(whole: segments.Columns, task: Task) -> bytes | None:
    return encode_outline(whole, task.first_point) if task.points >= LARGE else None
