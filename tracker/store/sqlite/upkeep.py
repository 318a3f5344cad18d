"""Look after a file: check it, count what is in it, copy it, make it smaller.

Checks read in one transaction each, so that what is written meanwhile does not look like damage.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ...entities import File
from ...errors import StoreError
from .. import segments
from ..model_columns import CHUNK
from ..recount import Recount
from ..summary import Summary
from .connection import Connection
from .run_metrics import differing

# Segments that are read at once: bounded memory, few round trips.
_PAGE = 128
_FILES_PAGE = 1000
# A file is made smaller where at least this part of it is free, and at least so many pages.
_FREE_PART = 0.2
_FREE_PAGES = 256

_DERIVED = ", ".join(f"series.{name}" for name in Summary._fields)
_PIECES = f"""
SELECT series_no, segment_no, segments.first_step, segments.last_step, segments.points, data, {_DERIVED}
FROM segments JOIN series USING (series_no)
WHERE (series_no, segment_no) > (?, ?) ORDER BY series_no, segment_no LIMIT ?
"""
_EMPTY = """
SELECT series_no, points FROM series
WHERE points <> 0 AND NOT EXISTS (SELECT 1 FROM segments WHERE segments.series_no = series.series_no)
"""
_CURVE = """
SELECT run_id, key, name, digest FROM series JOIN runs USING (run_no) JOIN metric_keys USING (key_no)
JOIN datasets USING (dataset_no) WHERE series_no = ?
"""
# Newest values have no references, for the time that these would take.
_NAMED_BY_SCORES = {"models": "model_no", "metric_keys": "key_no", "datasets": "dataset_no", "runs": "run_no"}
_LOST_BY_SCORES = """
SELECT model_no FROM model_scores AS s
WHERE NOT EXISTS (SELECT 1 FROM {table} AS t WHERE t.{number} = s.{number}) ORDER BY 1
"""
_SAME = (
    "model_scores.model_no = o.model_no AND model_scores.key_no = o.key_no AND model_scores.dataset_no = o.dataset_no"
)
_SCORES = f"""
SELECT DISTINCT model_id, key FROM older_points AS o JOIN model_scores ON {_SAME}
JOIN models ON models.model_no = o.model_no JOIN metric_keys ON metric_keys.key_no = o.key_no
WHERE (o.timestamp, o.step) > (model_scores.timestamp, model_scores.step) ORDER BY model_id, key
"""
_UNSCORED = f"""
SELECT DISTINCT model_id, key FROM older_points AS o JOIN models USING (model_no) JOIN metric_keys USING (key_no)
WHERE NOT EXISTS (SELECT 1 FROM model_scores WHERE {_SAME}) ORDER BY model_id, key
"""
# Each point of a checkpoint is a point of its run's curve too.
_UNCOUNTED = """
SELECT run_id, key FROM (
    SELECT run_no, key_no, sum(points) AS points FROM (
        SELECT run_no, key_no, dataset_no, points FROM series WHERE of_model = 1
        UNION ALL SELECT run_no, key_no, dataset_no, -1 FROM model_points
    ) GROUP BY run_no, key_no, dataset_no
) JOIN runs USING (run_no) JOIN metric_keys USING (key_no) WHERE points <> 0 ORDER BY run_id, key
"""
_CONTENTS = """
SELECT (SELECT count(*) FROM experiments), (SELECT count(*) FROM runs WHERE run_no > 0), (SELECT count(*) FROM series),
    (SELECT coalesce(sum(points), 0) FROM series), (SELECT count(*) FROM segments),
    (SELECT count(*) FROM models), (SELECT count(*) FROM files), (SELECT coalesce(sum(size), 0) FROM files)
"""
_FILES = """
SELECT owner, path, size, sha256 FROM files WHERE (owner, path) > (?, ?) ORDER BY owner, path LIMIT ?
"""
_FAILED = "SELECT model_id FROM models WHERE status = 'UPLOAD_FAILED' ORDER BY model_id"
_DELETED = "SELECT model_id FROM models WHERE lifecycle_stage = 'deleted' ORDER BY model_id"
_FORGET = (
    "UPDATE models SET lifecycle_stage = 'deleted' WHERE model_id = ?",
    "DELETE FROM files WHERE owner = ?",
    f"DELETE FROM model_columns WHERE chunk = (SELECT model_no / {CHUNK:d} FROM models WHERE model_id = ?)",
)
_AMEND = "UPDATE files SET size = ?, sha256 = ? WHERE owner = ? AND path = ?"


class Contents(NamedTuple):
    """How much of everything is in a file."""

    experiments: int
    runs: int
    curves: int
    points: int
    segments: int
    models: int
    files: int
    file_bytes: int


class Fault(NamedTuple):
    """What is wrong with a curve or a checkpoint's metric: whose it is, the metric, and the problem."""

    owner: str
    key: str
    problem: str


@contextlib.asynccontextmanager
async def snapshot(connection: Connection) -> AsyncIterator[None]:
    """Read everything as it is now, whatever is written meanwhile."""
    await connection.run("BEGIN")
    try:
        yield
    finally:
        with contextlib.suppress(StoreError):
            await connection.run("ROLLBACK")


async def integrity(connection: Connection) -> list[str]:
    """Return what SQLite itself finds wrong with the file, a hundred things at most."""
    found = [str(text) for (text,) in await connection.rows("PRAGMA integrity_check")]
    return [] if found == ["ok"] else found


async def foreign_keys(connection: Connection) -> list[str]:
    """Return which rows name others that are not there."""
    found = [row[:3] for row in await connection.rows("PRAGMA foreign_key_check")]
    for parent, number in _NAMED_BY_SCORES.items():
        lost = await connection.rows(_LOST_BY_SCORES.format(table=parent, number=number))
        found += [("model_scores", model_no, parent) for (model_no,) in lost]
    return [f"row {row} of {table} names a row of {parent} that is not there" for table, row, parent in found]


async def contents(connection: Connection) -> Contents:
    """Count."""
    ((*counts,),) = await connection.rows(_CONTENTS)
    return Contents(*counts)  # type: ignore[arg-type]  # whole numbers, by the query


async def check_curves(connection: Connection) -> list[Fault]:
    """Decode every segment, and count every curve again; return what is damaged or does not match, by curve."""
    judge, after = _Judge(), (-1, -1)
    async with snapshot(connection):
        while rows := await connection.rows(_PIECES, (*after, _PAGE)):
            for row in rows:
                judge.take(*row)
            after = rows[-1][:2]  # type: ignore[assignment]  # two whole numbers, by the query
        judge.finish()
        for series, points in await connection.rows(_EMPTY):
            judge.found.append((series, f"{points} points are kept as their number, and there are none"))
        return [await _fault(connection, series, problem) for series, problem in judge.found]


async def check_summaries(connection: Connection) -> list[Fault]:
    """Compare what lists of runs show with the curves."""
    async with snapshot(connection):
        found = await connection.call(differing)
    return [Fault(run_id, key, "lists show other figures than its curve has") for run_id, key in found]


class _Judge:
    """Goes through the segments of one curve after the other."""

    def __init__(self) -> None:
        self.found: list[tuple[Any, str]] = []
        self._series: object = None
        self._start(None)

    def _start(self, kept: Summary | None) -> None:
        self._kept = kept
        self._recount = Recount()
        self._pieces = self._damaged = self._mislabelled = 0

    def take(self, series: object, _number: object, first: object, last: object, *rest: Any) -> None:  # noqa: ANN401
        """Take the next segment, as the query gives it."""
        points, data, *kept = rest
        if series != self._series:
            self.finish()
            self._series = series
            self._start(Summary(*kept))
        self._pieces += 1
        try:
            piece = segments.decode(data)
        except (StoreError, TypeError):
            self._damaged += 1
            return
        found = (int(piece.steps.min()), int(piece.steps.max()), len(piece)) if len(piece) else (first, last, 0)
        self._mislabelled += found != (first, last, points)
        self._recount.add(piece)

    def finish(self) -> None:
        """Judge the curve whose last segment was taken."""
        problems = []
        if self._damaged:
            problems.append(f"{self._damaged} of its {self._pieces} segments are damaged")
        elif self._kept:
            problems += self._recount.differences(self._kept)
        if self._mislabelled:
            problems.append(f"{self._mislabelled} of its {self._pieces} segments hold other steps than they say")
        self.found += [(self._series, problem) for problem in problems]


async def _fault(connection: Connection, series: object, problem: str) -> Fault:
    (found,) = await connection.rows(_CURVE, (series,)) or [(f"(curve {series})", "?", "", "")]
    run_id, key, dataset, digest = found
    return Fault(str(run_id), f"{key} on {dataset}@{digest}" if dataset else str(key), problem)


async def check_scores(connection: Connection) -> list[Fault]:
    """Compare what checkpoints are ranked by with what was logged of them."""
    async with snapshot(connection):
        other = await connection.rows(_SCORES)
        missing = await connection.rows(_UNSCORED)
        uncounted = await connection.rows(_UNCOUNTED)
    return [
        *(Fault(str(model), str(key), "ranks by another value than its newest") for model, key in other),
        *(Fault(str(model), str(key), "was measured and does not rank") for model, key in missing),
        *(Fault(str(run), str(key), "has other points than its checkpoints") for run, key in uncounted),
    ]


async def all_files(connection: Connection) -> AsyncIterator[tuple[str, File]]:
    """Yield every file that was logged, with its owner."""
    after = ("", "")
    while rows := await connection.rows(_FILES, (*after, _FILES_PAGE)):
        for owner, *rest in rows:
            yield str(owner), File(*rest)  # type: ignore[arg-type]  # by the schema
        after = rows[-1][:2]  # type: ignore[assignment]  # two texts, by the query


async def failed_models(connection: Connection) -> set[str]:
    """Return the IDs of logged models whose files never came to be whole."""
    return {str(model_id) for (model_id,) in await connection.rows(_FAILED)}


async def deleted_models(connection: Connection) -> set[str]:
    """Return the IDs of logged models that were deleted, so that none of their files is needed."""
    return {str(model_id) for (model_id,) in await connection.rows(_DELETED)}


async def copy_into(connection: Connection, place: Path) -> None:
    """Write a copy of the whole file, as it is now, without its free pages; whoever writes meanwhile goes on.

    The place is nobody else's yet, so nothing is locked there: it may be on any file system.
    """
    os.close(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    # The connection is opened for reading only; this would forbid a second file too.
    await connection.run("PRAGMA query_only = OFF")
    await connection.run("VACUUM INTO ?", (_private_uri(place),))


def amend_files(place: Path, files: Mapping[str, list[File]]) -> None:
    """Give files in a copy, which nobody else has open yet, the sizes and hashes that they have there, by owner.

    Raises:
        StoreError: it cannot be written.
    """
    rows = [(file.size, file.sha256, owner, file.path) for owner, group in files.items() for file in group]
    _change(place, (_AMEND,), rows)


def forget_models(place: Path, model_ids: Collection[str]) -> None:
    """Mark logged models in a copy as deleted, since they were while it was made.

    Raises:
        StoreError: it cannot be written.
    """
    _change(place, _FORGET, [(model_id,) for model_id in model_ids])


def _change(place: Path, statements: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    try:
        with contextlib.closing(sqlite3.connect(_private_uri(place), uri=True)) as connection, connection:
            for sql in statements:
                connection.executemany(sql, rows)
    except sqlite3.Error as problem:
        raise StoreError(f"{place}: {problem}") from problem


def _private_uri(place: Path) -> str:
    return f"{place.as_uri()}?vfs=unix-none"


async def free_bytes(connection: Connection) -> int:
    """Return how many bytes of the file are free, if they are enough to make it smaller; else 0."""
    pages, free, size = [
        int(str(await connection.value(f"PRAGMA {name}"))) for name in ("page_count", "freelist_count", "page_size")
    ]
    return free * size if free >= max(_FREE_PAGES, pages * _FREE_PART) else 0


async def shrink(connection: Connection) -> None:
    """Give the file's free pages back to the disk; the caller holds the writer's lock."""
    await connection.run("VACUUM")


async def truncate_log(connection: Connection) -> None:
    """Move the WAL into the file, and empty it unless a reader needs it; the caller holds the writer's lock."""
    await connection.rows("PRAGMA wal_checkpoint(TRUNCATE)")
