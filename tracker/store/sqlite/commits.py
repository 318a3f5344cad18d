"""Write batches: each statement runs once for all its rows, so a commit costs few round trips at any size."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import orjson

from ...journal import Position
from ...system import milliseconds
from .. import segments
from ..batch import Batch, CurveKey
from ..model_columns import CHUNK
from ..segments import Columns
from ..summary import Summary, summarize
from .acts import carry_out
from .measured import write_points
from .merge import MOST
from .numbers import Numbers, model_numbers, numbers_of
from .plain import transaction
from .repeats import new_only
from .run_metrics import pack_runs

_RUN_NO = "(SELECT run_no FROM runs WHERE run_id = ?)"
_DATASET_NO = "(SELECT dataset_no FROM datasets WHERE name = ? AND digest = ?)"
_MODEL_NO = "(SELECT model_no FROM models WHERE model_id = ?)"

_EXPERIMENT = """
INSERT INTO experiments (name, creation_time, last_update_time) VALUES (?, ?, ?) ON CONFLICT DO NOTHING
"""
# A run that is spoken of before it was started waits in experiment 0 for its own.
_MENTIONED = """
INSERT INTO runs (run_id, experiment_id, run_name, status, start_time) VALUES (?, 0, '', 'RUNNING', ?)
ON CONFLICT DO NOTHING
"""
_RUN = """
INSERT INTO runs (run_id, experiment_id, run_name, parent_run_id, status, start_time, end_time)
VALUES (?1, coalesce((SELECT experiment_id FROM experiments WHERE name = ?2), 0), coalesce(?3, ''), ?4, ?5,
        coalesce(?6, ?7), ?7)
ON CONFLICT (run_id) DO UPDATE SET
    experiment_id = CASE WHEN ?2 IS NULL THEN experiment_id ELSE excluded.experiment_id END,
    run_name = coalesce(?3, run_name),
    parent_run_id = coalesce(?4, parent_run_id),
    status = ?5,
    start_time = CASE WHEN ?6 IS NULL OR run_name <> '' THEN start_time ELSE ?6 END,
    end_time = ?7
"""
_MOVED_COLUMNS = f"""
DELETE FROM model_columns WHERE chunk IN (
    SELECT model_no / {CHUNK} FROM runs JOIN models USING (run_no)
    WHERE run_id = ? AND models.experiment_id <> runs.experiment_id
)
"""
_MODELS_FOLLOW = """
UPDATE models SET experiment_id = runs.experiment_id FROM runs
WHERE models.run_no = runs.run_no AND runs.run_id = ? AND models.experiment_id <> runs.experiment_id
"""
_PARAM = f"""
INSERT INTO run_params (run_no, key, value, number, json, hash) VALUES ({_RUN_NO}, ?, ?, ?, ?, ?)
ON CONFLICT DO NOTHING
"""
_TAG = f"""
INSERT INTO run_tags (run_no, key, value) VALUES ({_RUN_NO}, ?, ?)
ON CONFLICT DO UPDATE SET value = excluded.value
"""
_KEY = "INSERT INTO metric_keys (key) VALUES (?) ON CONFLICT DO NOTHING"
_DATASET = """
INSERT INTO datasets (name, digest, source_type, source, schema, profile) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET source_type = excluded.source_type, source = excluded.source,
    schema = excluded.schema, profile = excluded.profile
WHERE source_type = ''
"""
_DATASET_REF = "INSERT INTO datasets (name, digest) VALUES (?, ?) ON CONFLICT DO NOTHING"
_INPUT = f"""
INSERT INTO inputs (run_no, dataset_no, context) VALUES ({_RUN_NO}, {_DATASET_NO}, ?) ON CONFLICT DO NOTHING
"""
_MODEL = """
INSERT INTO models (model_id, run_no, experiment_id, name, model_type, step, status,
                    creation_timestamp, last_updated_timestamp)
SELECT ?1, run_no, experiment_id, ?3, ?4, ?5, 'PENDING', ?6, ?6 FROM runs WHERE run_id = ?2
ON CONFLICT DO UPDATE SET run_no = excluded.run_no, experiment_id = excluded.experiment_id,
    name = excluded.name, model_type = excluded.model_type, step = excluded.step,
    creation_timestamp = excluded.creation_timestamp
WHERE name = ''
"""
# As with runs: a model that is measured before it was created waits without a name.
_MENTIONED_MODEL = """
INSERT INTO models (model_id, run_no, experiment_id, name, model_type, status,
                    creation_timestamp, last_updated_timestamp)
SELECT ?1, run_no, experiment_id, '', '', 'PENDING', ?3, ?3 FROM runs WHERE run_id = ?2
ON CONFLICT DO NOTHING
"""
_FINISHED_MODEL = "UPDATE models SET status = ?2, last_updated_timestamp = ?3 WHERE model_id = ?1"
_MODEL_PARAM = f"""
INSERT INTO model_params (model_no, key, value, number, json, hash) VALUES ({_MODEL_NO}, ?, ?, ?, ?, ?)
ON CONFLICT DO NOTHING
"""
_RUN_PARAMS_TO_MODEL = """
INSERT INTO model_params (model_no, key, value, number, json, hash)
SELECT model_no, key, value, number, json, hash FROM models JOIN run_params USING (run_no) WHERE model_id = ?
ON CONFLICT DO NOTHING
"""
_MODEL_TAG = f"""
INSERT INTO model_tags (model_no, key, value) VALUES ({_MODEL_NO}, ?, ?)
ON CONFLICT DO UPDATE SET value = excluded.value
"""
_OUTDATED_COLUMNS = "DELETE FROM model_columns WHERE chunk IN (SELECT value FROM json_each(?))"
# Of equal ones the one that was logged later, as within a segment.
_IS_LATER = """(excluded.last_step, excluded.last_timestamp, coalesce(excluded.last_value, 0))
        >= (last_step, last_timestamp, coalesce(last_value, 0))"""
_IS_EARLIER = "(excluded.first_step, excluded.first_timestamp) < (first_step, first_timestamp)"
_SERIES = f"""
INSERT INTO series (run_no, key_no, of_model, dataset_no, points, small_segments,
    last_value, last_step, last_timestamp, min_value, min_step, max_value, max_step,
    first_value, first_step, first_timestamp)
VALUES (?, ?, ?, ?, ?, 1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET
    first_value = CASE WHEN {_IS_EARLIER} THEN excluded.first_value ELSE first_value END,
    first_step = CASE WHEN {_IS_EARLIER} THEN excluded.first_step ELSE first_step END,
    first_timestamp = CASE WHEN {_IS_EARLIER} THEN excluded.first_timestamp ELSE first_timestamp END,
    points = points + excluded.points,
    small_segments = small_segments + 1,
    last_value = CASE WHEN {_IS_LATER} THEN excluded.last_value ELSE last_value END,
    last_step = CASE WHEN {_IS_LATER} THEN excluded.last_step ELSE last_step END,
    last_timestamp = CASE WHEN {_IS_LATER} THEN excluded.last_timestamp ELSE last_timestamp END,
    min_step = CASE WHEN min_value <= excluded.min_value OR excluded.min_value IS NULL
        THEN min_step ELSE excluded.min_step END,
    min_value = coalesce(min(min_value, excluded.min_value), min_value, excluded.min_value),
    max_step = CASE WHEN max_value >= excluded.max_value OR excluded.max_value IS NULL
        THEN max_step ELSE excluded.max_step END,
    max_value = coalesce(max(max_value, excluded.max_value), max_value, excluded.max_value)
"""
_OUTDATED_SUMMARIES = "DELETE FROM run_summaries WHERE run_no = ?"
# It begins where the curve's last segment ends.
_SEGMENT = """
INSERT INTO segments (series_no, first_point, first_step, last_step, points, data)
SELECT series_no, coalesce((
    SELECT first_point + last.points FROM segments AS last WHERE last.series_no = series.series_no
    ORDER BY first_point DESC LIMIT 1
), 0), ?1, ?2, ?3, ?4 FROM series
WHERE run_no = ?5 AND key_no = ?6 AND of_model = ?7 AND dataset_no = ?8
"""
# What comes late of a model that was deleted meanwhile is not wanted either.
_FILE = """
INSERT INTO files (owner, path, size, sha256) SELECT ?1, ?2, ?3, ?4
WHERE NOT EXISTS (SELECT 1 FROM models WHERE model_id = ?1 AND lifecycle_stage = 'deleted')
ON CONFLICT DO UPDATE SET size = excluded.size, sha256 = excluded.sha256
"""
_JOURNAL = """
INSERT INTO journals (journal_id, part, position) VALUES (?, ?, ?)
ON CONFLICT DO UPDATE SET part = excluded.part, position = excluded.position
"""
_REFUSED = "UPDATE runs SET refused = refused + ? WHERE run_id = ?"
_JOURNAL_GONE = "DELETE FROM journals WHERE journal_id = ?"

Statement = tuple[str, Sequence[Sequence[object]]]
SegmentRow = tuple[int, int, int, bytes]


class Curve(NamedTuple):
    """What is new of a curve, ready to be written."""

    key: CurveKey
    summary: Summary
    segments: list[SegmentRow]


def commit(
    connection: sqlite3.Connection,
    batch: Batch,
    positions: Mapping[str, Position],
    gone: Sequence[str],
) -> str:
    """Write everything in one transaction; returns when it is on the disk.

    Returns the pieces of `model_columns` that it made outdated, as a JSON array of their numbers.
    """
    points = [list(chapter.new_points()) for chapter in batch.chapters]
    told = [new_only(connection, chapter.once, new) for chapter, new in zip(batch.chapters, points, strict=True)]
    curves = [_curves(new) for new in told]
    chunks: set[int] = set()
    with transaction(connection):
        for chapter, new in zip(batch.chapters, curves, strict=True):
            chunks |= _write_chapter(connection, chapter, new)
        if batch.ended_runs:
            pack_runs(connection, batch.ended_runs)
        touched = orjson.dumps(list(chunks)).decode()
        connection.execute(_OUTDATED_COLUMNS, (touched,))
        _write(
            connection,
            [
                (_JOURNAL, [(journal_id, *place) for journal_id, place in positions.items()]),
                (_REFUSED, [(count, run_id) for run_id, count in batch.refused.items()]),
                (_JOURNAL_GONE, [(journal_id,) for journal_id in gone]),
            ],
        )
    return touched


def _write_chapter(connection: sqlite3.Connection, batch: Batch, curves: Sequence[Curve]) -> set[int]:
    """Write a part of what was said; return the pieces of `model_columns` that it made outdated."""
    measured = batch.measured_models
    known = model_numbers(connection, measured)
    unknown = [row for model_id, row in measured.items() if model_id not in known]
    _write(connection, [*_run_rows(batch, milliseconds()), *_model_rows(batch, unknown)])
    numbers = numbers_of(connection, batch, known)
    write_points(connection, batch, numbers)
    _write(connection, _curve_rows(curves, numbers))
    models = {*numbers.models.values(), *carry_out(connection, batch.acts)}
    return {number // CHUNK for number in models}


def _write(connection: sqlite3.Connection, statements: Iterable[Statement]) -> None:
    for sql, rows in statements:
        if rows:
            connection.executemany(sql, rows)


def _run_rows(batch: Batch, now: int) -> Iterator[Statement]:
    yield _EXPERIMENT, [(name, now, now) for name in batch.experiments]
    yield _RUN, batch.runs
    yield _MENTIONED, [(run_id, now) for run_id in batch.mentioned]
    moved = [(row.run_id,) for row in batch.runs if row.experiment is not None]
    yield _MOVED_COLUMNS, moved
    yield _MODELS_FOLLOW, moved
    yield _PARAM, batch.params
    yield _TAG, batch.tags
    yield _DATASET, batch.datasets
    yield _DATASET_REF, list(batch.dataset_refs)
    yield _INPUT, batch.inputs
    yield _KEY, [(key,) for key in batch.metric_keys]


def _model_rows(batch: Batch, unknown: Sequence[tuple[str, str, int]]) -> Iterator[Statement]:
    created = {row.model_id for row in batch.models}
    yield _MODEL, batch.models
    yield _MENTIONED_MODEL, [row for row in unknown if row[0] not in created]
    yield _FINISHED_MODEL, batch.finished_models
    yield _MODEL_PARAM, batch.model_params
    yield _RUN_PARAMS_TO_MODEL, [(model.model_id,) for model in batch.models]
    yield _MODEL_TAG, batch.model_tags
    yield _FILE, batch.files


def _curves(found: Sequence[tuple[CurveKey, Columns]]) -> list[Curve]:
    # Curves that are logged together share their columns of steps: what is encoded for one is good for the next. They
    # are told by their identity, so all must be there at once.
    axes: dict[tuple[int, int], bytes] = {}
    return [Curve(curve, summarize(points), _segments(points, axes)) for curve, points in found]


def _curve_rows(curves: Sequence[Curve], numbers: Numbers) -> Iterator[Statement]:
    named = [(numbers.curve(curve.key), curve) for curve in curves]
    yield _OUTDATED_SUMMARIES, list({place[:1] for place, _ in named})
    yield _SERIES, [(*place, *curve.summary) for place, curve in named]
    yield _SEGMENT, [(*segment, *place) for place, curve in named for segment in curve.segments]


def _segments(whole: Columns, axes: dict[tuple[int, int], bytes]) -> list[SegmentRow]:
    rows: list[SegmentRow] = []
    for begin in range(0, len(whole), MOST):
        piece = whole.between(begin, begin + MOST)
        shared = id(whole.steps), begin
        if shared not in axes:
            axes[shared] = segments.encode_axes(piece)
        data = segments.encode_values(piece, axes[shared])
        rows.append((int(piece.steps.min()), int(piece.steps.max()), len(piece), data))
    return rows
