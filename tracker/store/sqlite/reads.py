"""Read runs, curves and logged models."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import orjson

from ...entities import (
    DatasetRef,
    Experiment,
    File,
    Measurement,
    MetricSummary,
    ModelInfo,
    ModelStatus,
    RunInfo,
    RunStatus,
)
from ...filter import order_sql, where
from ..batch import param_value
from ..interface import Query
from .connection import Connection

_EXPERIMENTS = """
SELECT experiment_id, name, lifecycle_stage, creation_time, last_update_time FROM experiments ORDER BY experiment_id
"""
_EXPERIMENT_TAGS = "SELECT experiment_id, key, value FROM experiment_tags"
_RUNS = """
SELECT runs.run_no, runs.run_id, runs.run_name, runs.experiment_id, experiments.name, runs.parent_run_id,
       runs.status, runs.start_time, runs.end_time
FROM runs JOIN experiments ON experiments.experiment_id = runs.experiment_id
"""
_MODELS = """
SELECT models.model_no, models.model_id, models.name, models.experiment_id, runs.run_id, models.step, models.status,
       models.model_type, models.creation_timestamp, models.last_updated_timestamp
FROM models JOIN runs ON runs.run_no = models.run_no
"""
_RUN_PARAMS = "SELECT run_no, key, value, json FROM run_params WHERE run_no IN (SELECT value FROM json_each(?))"
_RUN_TAGS = "SELECT run_no, key, value FROM run_tags WHERE run_no IN (SELECT value FROM json_each(?))"
# Later rows replace earlier ones: the highest step, and what a run logged itself before what its models did.
_RUN_METRICS = """
SELECT run_no, key, points, last_value, last_step, last_timestamp, min_value, min_step, max_value, max_step
FROM series JOIN metric_keys USING (key_no)
WHERE run_no IN (SELECT value FROM json_each(?))
ORDER BY run_no, key_no, of_model DESC, last_step, last_timestamp, dataset_no DESC
"""
_MODEL_PARAMS = "SELECT model_no, key, value, json FROM model_params WHERE model_no IN (SELECT value FROM json_each(?))"
_MODEL_TAGS = "SELECT model_no, key, value FROM model_tags WHERE model_no IN (SELECT value FROM json_each(?))"
_MODEL_SCORES = """
SELECT model_no, key, value, step, timestamp, datasets.dataset_no, datasets.name, digest, run_id
FROM model_scores JOIN metric_keys USING (key_no) JOIN datasets USING (dataset_no)
     JOIN runs ON runs.run_no = model_scores.run_no
WHERE model_no IN (SELECT value FROM json_each(?))
ORDER BY model_no, key, timestamp, step
"""
_RUNNING = """
SELECT count(*) FROM runs WHERE end_time IS NULL AND run_id IN (SELECT value FROM json_each(?))
"""
_FILES = "SELECT path, size, sha256 FROM files WHERE owner = ? ORDER BY path"
_MEASURED_ON = """
WITH matching AS ({})
SELECT DISTINCT dataset_no, name, digest FROM model_scores JOIN datasets USING (dataset_no)
WHERE model_no IN matching AND key_no = (SELECT key_no FROM metric_keys WHERE key = ?)
ORDER BY name, digest
"""
_DATASETS = """
SELECT DISTINCT name, digest FROM datasets JOIN (
    SELECT dataset_no, run_no FROM inputs UNION SELECT dataset_no, run_no FROM model_scores
) USING (dataset_no) JOIN runs USING (run_no)
WHERE dataset_no > 0 AND (?1 IS NULL OR experiment_id IN (SELECT value FROM json_each(?1)))
ORDER BY name, digest
"""

Row = tuple[Any, ...]


async def experiments(connection: Connection) -> list[Experiment]:
    """Return all experiments, oldest first."""
    tags: dict[Any, dict[str, str]] = defaultdict(dict)
    for number, key, value in await connection.rows(_EXPERIMENT_TAGS):
        tags[number][key] = value  # type: ignore[index,assignment]  # text, by the schema
    found: list[Row] = await connection.rows(_EXPERIMENTS)
    return [_experiment(row, tags[row[0]]) for row in found]


def _experiment(row: Row, tags: dict[str, str]) -> Experiment:
    number, name, stage, created, updated = row
    return Experiment(str(number), name, stage, created, updated, tags)


async def search_runs(connection: Connection, query: Query) -> list[RunInfo]:
    """Return the runs that match, in order."""
    found = await _search(connection, _RUNS, "runs", query)
    numbers = _numbers(found)
    params = await _params(connection, _RUN_PARAMS, numbers)
    tags = await _tags(connection, _RUN_TAGS, numbers)
    summaries: dict[int, dict[str, MetricSummary]] = defaultdict(dict)
    rows: list[Row] = await connection.rows(_RUN_METRICS, (numbers,))
    for row in rows:
        summaries[row[0]][row[1]] = _summary(row)
    return [_run(row, params[row[0]], tags[row[0]], summaries[row[0]]) for row in found]


def _summary(row: Row) -> MetricSummary:
    _, _, points, last, last_step, last_timestamp, low, low_step, high, high_step = row
    return MetricSummary(points, _real(last), last_step, last_timestamp, _real(low), low_step, _real(high), high_step)


def _run(row: Row, params: dict[str, object], tags: dict[str, str], summaries: dict[str, MetricSummary]) -> RunInfo:
    _, run_id, name, experiment_id, experiment, parent_run_id, status, start_time, end_time = row
    return RunInfo(
        run_id=run_id,
        name=name,
        experiment_id=str(experiment_id),
        experiment=experiment,
        parent_run_id=parent_run_id,
        status=RunStatus(status),
        start_time=start_time,
        end_time=end_time,
        params=params,
        tags=tags,
        metrics={key: summary.last for key, summary in summaries.items()},
        summaries=summaries,
    )


async def search_models(connection: Connection, query: Query) -> list[ModelInfo]:
    """Return the logged models that match, in order."""
    found = await _search(connection, _MODELS, "models", query)
    numbers = _numbers(found)
    params = await _params(connection, _MODEL_PARAMS, numbers)
    tags = await _tags(connection, _MODEL_TAGS, numbers)
    measured: dict[int, list[Measurement]] = defaultdict(list)
    rows: list[Row] = await connection.rows(_MODEL_SCORES, (numbers,))
    for number, key, value, step, timestamp, dataset_no, name, digest, run_id in rows:
        dataset = DatasetRef(name, digest) if dataset_no else None
        measured[number].append(Measurement(key, _real(value), step, timestamp, dataset, run_id))
    return [_model(row, params[row[0]], tags[row[0]], measured[row[0]]) for row in found]


def _model(row: Row, params: dict[str, object], tags: dict[str, str], measured: list[Measurement]) -> ModelInfo:
    _, model_id, name, experiment_id, run_id, step, status, model_type, created, updated = row
    return ModelInfo(
        model_id=model_id,
        name=name,
        experiment_id=str(experiment_id),
        run_id=run_id,
        step=step,
        status=ModelStatus(status),
        model_type=model_type,
        creation_timestamp=created,
        last_updated_timestamp=updated,
        params=params,
        tags=tags,
        measurements=tuple(measured),
    )


async def running(connection: Connection, run_ids: Sequence[str]) -> bool:
    """Return whether any of these runs has not ended."""
    return bool(await connection.value(_RUNNING, (orjson.dumps(run_ids).decode(),)))


async def files(connection: Connection, owner: str) -> list[File]:
    """Return the files of a run or a logged model, by path."""
    found: list[Row] = await connection.rows(_FILES, (owner,))
    return [File(*row) for row in found]


async def datasets(connection: Connection, experiment_ids: Sequence[str] | None) -> list[DatasetRef]:
    """Return the datasets that these experiments' runs use, by name."""
    found: list[Row] = await connection.rows(_DATASETS, (_ids(experiment_ids),))
    return [DatasetRef(*row) for row in found]


async def measured_on(connection: Connection, key: str, query: Query) -> list[DatasetRef | None]:
    """Return the datasets that a metric of the matching models was measured on; None stands for no dataset."""
    matching, values = _matching("SELECT models.model_no FROM models", "models", query)
    found: list[Row] = await connection.rows(_MEASURED_ON.format(matching), (*values, key))
    return [DatasetRef(name, digest) if number else None for number, name, digest in found]


async def _search(connection: Connection, select: str, table: str, query: Query) -> list[Row]:
    (matching, values), order = _matching(select, table, query), order_sql(query.order)
    sql = f"{matching} ORDER BY {order.text} LIMIT ? OFFSET ?"
    return await connection.rows(sql, (*values, *order.values, query.limit, query.offset))


def _matching(select: str, table: str, query: Query) -> tuple[str, Row]:
    condition, ids = where(query.where, query.datasets), _ids(query.experiment_ids)
    sql = (
        f"{select} WHERE {table}.lifecycle_stage = 'active'"
        f" AND (? IS NULL OR {table}.experiment_id IN (SELECT value FROM json_each(?))) AND ({condition.text})"
    )
    return sql, (ids, ids, *condition.values)


def _ids(experiment_ids: Sequence[str] | None) -> str | None:
    return None if experiment_ids is None else orjson.dumps([int(number) for number in experiment_ids]).decode()


def _numbers(found: list[Row]) -> str:
    return orjson.dumps([row[0] for row in found]).decode()


def _real(value: float | None) -> float:
    return math.nan if value is None else value


async def _params(connection: Connection, sql: str, numbers: str) -> dict[int, dict[str, object]]:
    params: dict[int, dict[str, object]] = defaultdict(dict)
    rows: list[Row] = await connection.rows(sql, (numbers,))
    for number, key, value, json in rows:
        params[number][key] = param_value(value, json)
    return params


async def _tags(connection: Connection, sql: str, numbers: str) -> dict[int, dict[str, str]]:
    tags: dict[int, dict[str, str]] = defaultdict(dict)
    rows: list[Row] = await connection.rows(sql, (numbers,))
    for number, key, value in rows:
        tags[number][key] = value
    return tags
