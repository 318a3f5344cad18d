"""Search experiments, runs and logged models: plain functions, for a thread that may wait."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

import orjson

from ...entities import (
    DatasetInfo,
    DatasetRef,
    Experiment,
    Measurement,
    ModelInfo,
    ModelStatus,
    RunInfo,
    RunLinks,
    RunStatus,
)
from ...entities.edits import CONTEXT
from ...filter import Subject
from ..batch import param_value
from ..interface import FAMILIES, Found, Query
from ..run_summaries import real
from . import plans
from .plain import as_one, rows_of
from .run_metrics import NOTHING, WANTED, Metrics, metrics_of

# In each of these the list is that of the rows' numbers.
_EXPERIMENTS = f"""
SELECT experiment_id, name, lifecycle_stage, creation_time, last_update_time, artifact_location
FROM {WANTED} experiments ON experiment_id = j.number
"""
_EXPERIMENT_TAGS = as_one("experiment_id, key, value", f"FROM {WANTED} experiment_tags ON experiment_id = j.number")
_RUNS = f"""
SELECT run_no, run_id, run_name, runs.experiment_id, experiments.name, parent_run_id, status, start_time, end_time,
    user_id, runs.lifecycle_stage, artifact_location
FROM {WANTED} runs ON run_no = j.number JOIN experiments ON experiments.experiment_id = runs.experiment_id
"""
_RUN_PARAMS = as_one("run_no, key, value, json", f"FROM {WANTED} run_params ON run_no = j.number")
_RUN_TAGS = as_one("run_no, key, value", f"FROM {WANTED} run_tags ON run_no = j.number")
_MODELS = f"""
SELECT model_no, model_id, models.name, models.experiment_id, run_id, step, models.status, model_type,
    creation_timestamp, last_updated_timestamp, models.lifecycle_stage, artifact_location
FROM {WANTED} models ON model_no = j.number JOIN runs USING (run_no)
    JOIN experiments ON experiments.experiment_id = models.experiment_id
"""
_MODEL_PARAMS = as_one("model_no, key, value, json", f"FROM {WANTED} model_params ON model_no = j.number")
_MODEL_TAGS = as_one("model_no, key, value", f"FROM {WANTED} model_tags ON model_no = j.number")
_MODEL_SCORES = f"""
SELECT model_no, key, value, step, timestamp, dataset_no, datasets.name, digest, run_id
FROM {WANTED} model_scores AS t ON model_no = j.number
    JOIN metric_keys USING (key_no) JOIN datasets USING (dataset_no) JOIN runs ON runs.run_no = t.run_no
ORDER BY model_no, key, timestamp, step
"""
_DATASETS_USED = """
SELECT run_id, name, digest, source_type, source, schema, profile, context, tags
FROM json_each(?) AS j CROSS JOIN runs ON run_id = j.value JOIN inputs USING (run_no) JOIN datasets USING (dataset_no)
ORDER BY run_no, dataset_no
"""
_MODELS_USED = """
SELECT run_id, model_id, step FROM json_each(?1) AS j CROSS JOIN runs ON run_id = j.value JOIN run_models USING (run_no)
WHERE direction = ?2 ORDER BY run_no, step, model_id
"""
# A logged model is an output of the run that it was logged in.
_MODELS_MADE = """
SELECT run_id, model_id, coalesce(step, 0) FROM json_each(?) AS j CROSS JOIN runs ON run_id = j.value
    JOIN models USING (run_no)
WHERE is_output AND models.lifecycle_stage = 'active' ORDER BY model_no
"""
# Table by table: SQLite would read all of the view that both are.
_POINTS_IN = """
SELECT model_id, model_no, key_no, dataset_no, t.run_no, t.value, t.step, t.timestamp
    FROM json_each(?1) AS j CROSS JOIN models ON model_id = j.value CROSS JOIN {} AS t USING (model_no)
"""
_ALL_POINTS = f"""
SELECT model_id, metric_keys.key, p.value, p.step, timestamp, dataset_no, datasets.name, digest, run_id
FROM ({_POINTS_IN.format("model_scores")} UNION ALL {_POINTS_IN.format("older_points")}) AS p
    JOIN metric_keys USING (key_no) JOIN datasets USING (dataset_no) JOIN runs ON runs.run_no = p.run_no
ORDER BY model_no, metric_keys.key, timestamp, p.step
"""
_USES = """
SELECT DISTINCT experiment_id, datasets.name, digest, context FROM runs JOIN inputs USING (run_no)
    JOIN datasets USING (dataset_no)
WHERE lifecycle_stage = 'active' AND experiment_id IN (SELECT value FROM json_each(?)) ORDER BY 1, 2, 3, 4
"""
STAGE = "SELECT lifecycle_stage, experiment_id FROM runs WHERE run_id = ? AND run_no > 0 AND run_name <> ''"
# A run that was spoken of and not started has no name yet, and no experiment of its own.
_HOMES = {
    Subject.RUNS: """
SELECT run_id, experiment_id FROM json_each(?) AS j CROSS JOIN runs ON run_id = j.value
WHERE run_no > 0 AND run_name <> ''
""",
    Subject.MODELS: "SELECT model_id, experiment_id FROM json_each(?) AS j CROSS JOIN models ON model_id = j.value",
}
_KEY_NO = "SELECT key_no FROM metric_keys WHERE key = ?"
_MEASURED_ON = """
SELECT dataset_no, name, digest FROM datasets
WHERE EXISTS (SELECT 1 FROM {} AND s.key_no = ? AND s.dataset_no = datasets.dataset_no) ORDER BY name, digest
"""
_IDS = "SELECT name, experiment_id FROM experiments WHERE lifecycle_stage = 'active'"
_DATASETS = """
SELECT DISTINCT name, digest FROM datasets JOIN inputs USING (dataset_no) JOIN runs USING (run_no)
WHERE dataset_no > 0 AND (?1 IS NULL OR experiment_id IN (SELECT value FROM json_each(?1)))
UNION
SELECT name, digest FROM datasets WHERE dataset_no > 0 AND EXISTS (
    SELECT 1 FROM metric_keys CROSS JOIN model_scores AS s USING (key_no) JOIN runs USING (run_no)
    WHERE s.dataset_no = datasets.dataset_no
    AND (?1 IS NULL OR experiment_id IN (SELECT value FROM json_each(?1)))
)
ORDER BY name, digest
"""

Row = tuple[Any, ...]
T = TypeVar("T")


def search_experiments(connection: sqlite3.Connection, query: Query) -> Found[Experiment]:
    """Return the experiments that match, in order."""
    rows = plans.find(connection, query)
    numbers = _numbers(rows[: query.limit])
    tags = _texts(connection, _EXPERIMENT_TAGS, numbers)
    return _found(rows, connection.execute(_EXPERIMENTS, (numbers,)), lambda row: _experiment(row, tags[row[0]]))


def search_runs(connection: sqlite3.Connection, query: Query) -> Found[RunInfo]:
    """Return the runs that match, in order."""
    rows = plans.find(connection, query)
    numbers = _numbers(rows[: query.limit])
    params = _params(connection, _RUN_PARAMS, numbers if "params" in query.families else NOTHING)
    tags = _texts(connection, _RUN_TAGS, numbers if "tags" in query.families else NOTHING)
    metrics = metrics_of(connection, numbers if "metrics" in query.families else NOTHING)
    return _found(
        rows,
        connection.execute(_RUNS, (numbers,)),
        lambda row: _run(row, params[row[0]], tags[row[0]], metrics.get(row[0]) or Metrics({}, {})),
    )


def search_models(connection: sqlite3.Connection, query: Query) -> Found[ModelInfo]:
    """Return the logged models that match, in order."""
    rows = plans.find(connection, query)
    return Found(_models(connection, rows[: query.limit], query.families), [row[1:] for row in rows])


def _models(
    connection: sqlite3.Connection, rows: Sequence[Row], families: frozenset[str] = FAMILIES
) -> list[ModelInfo]:
    numbers = _numbers(rows)
    params = _params(connection, _MODEL_PARAMS, numbers if "params" in families else NOTHING)
    tags = _texts(connection, _MODEL_TAGS, numbers if "tags" in families else NOTHING)
    measured = _measurements(connection, numbers if "metrics" in families else NOTHING)
    made = {
        row[0]: _model(row, params[row[0]], tags[row[0]], measured[row[0]])
        for row in connection.execute(_MODELS, (numbers,))
    }
    return [made[row[0]] for row in rows]


def models_by_number(connection: sqlite3.Connection, numbers: Sequence[int]) -> list[ModelInfo]:
    """Return logged models by their numbers, in that order."""
    return _models(connection, [(number,) for number in numbers])


def measured_on(connection: sqlite3.Connection, key: str, query: Query) -> dict[int, DatasetRef | None]:
    """Return the datasets that a metric of the matching models was measured on, by number; None is no dataset."""
    key_no = number_of(connection, key)
    if not key_no:
        return {}
    measured = plans.beside(connection, query, "model_scores")
    found: list[Row] = connection.execute(_MEASURED_ON.format(measured.text), (*measured.values, key_no)).fetchall()
    return {number: DatasetRef(name, digest) if number else None for number, name, digest in found}


def number_of(connection: sqlite3.Connection, key: str) -> int:
    """Return the number of a metric, 0 if it was never logged."""
    row = connection.execute(_KEY_NO, (key,)).fetchone()
    return int(row[0]) if row else 0


def experiment_ids(connection: sqlite3.Connection) -> dict[str, str]:
    """Return the IDs of all experiments by their names."""
    return {name: str(number) for name, number in connection.execute(_IDS)}


def datasets(connection: sqlite3.Connection, experiment_ids: Sequence[str] | None) -> list[DatasetRef]:
    """Return the datasets that these experiments' runs use or their models were measured on, by name."""
    ids = None if experiment_ids is None else orjson.dumps([int(number) for number in experiment_ids]).decode()
    return [DatasetRef(*row) for row in connection.execute(_DATASETS, (ids,))]


def homes(connection: sqlite3.Connection, subject: Subject, ids: Sequence[str]) -> dict[str, str]:
    """Return the experiments' IDs of runs or logged models, also deleted ones; what there is not is left out."""
    rows = connection.execute(_HOMES[subject], (orjson.dumps(list(ids)).decode(),))
    return {name: str(number) for name, number in rows}


def links(connection: sqlite3.Connection, run_ids: Sequence[str]) -> dict[str, RunLinks]:
    """Return what runs use and have made, by their IDs; a run of which nothing is known is left out."""
    wanted = orjson.dumps(list(run_ids)).decode()
    datasets: dict[str, list[tuple[DatasetInfo, dict[str, str]]]] = defaultdict(list)
    for run_id, *facts, context, tags in connection.execute(_DATASETS_USED, (wanted,)):
        said = orjson.loads(tags) or ({CONTEXT: context} if context else {})
        datasets[run_id].append((DatasetInfo(*facts), said))
    models: dict[str, list[str]] = defaultdict(list)
    for run_id, model_id, _ in connection.execute(_MODELS_USED, (wanted, "input")):
        models[run_id].append(model_id)
    outputs: dict[str, dict[str, int]] = defaultdict(dict)
    told = connection.execute(_MODELS_USED, (wanted, "output")).fetchall()
    for run_id, model_id, step in [*connection.execute(_MODELS_MADE, (wanted,)), *told]:
        outputs[run_id][model_id] = step
    return {
        run_id: RunLinks(tuple(datasets[run_id]), tuple(models[run_id]), tuple(outputs[run_id].items()))
        for run_id in {*datasets, *models, *outputs}
    }


def uses(connection: sqlite3.Connection, experiment_ids: Sequence[str]) -> list[tuple[str, str, str, str]]:
    """Return the experiment, name, digest and context of each use of a dataset by active runs of experiments."""
    wanted = orjson.dumps([int(number) for number in experiment_ids]).decode()
    return [(str(number), *texts) for number, *texts in connection.execute(_USES, (wanted,))]


def points_of(connection: sqlite3.Connection, model_ids: Sequence[str]) -> dict[str, list[Measurement]]:
    """Return all that logged models were measured at, by their IDs."""
    return dict(_measurements(connection, orjson.dumps(list(model_ids)).decode(), _ALL_POINTS))


def _found(rows: Sequence[Row], items: Iterable[Row], make: Callable[[Row], T]) -> Found[T]:
    made = {row[0]: make(row) for row in items}
    return Found([made[row[0]] for row in rows if row[0] in made], [row[1:] for row in rows])


def _numbers(rows: Sequence[Row]) -> str:
    return orjson.dumps([row[0] for row in rows]).decode()


def _experiment(row: Row, tags: dict[str, str]) -> Experiment:
    number, name, stage, created, updated, location = row
    return Experiment(str(number), name, stage, created, updated, tags, location)


def _run(row: Row, params: dict[str, object], tags: dict[str, str], metrics: Metrics) -> RunInfo:
    _, run_id, name, experiment_id, experiment, parent_run_id, status, start_time, end_time, user_id, *rest = row
    stage, location = rest
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
        metrics=metrics.latest,
        summaries=metrics.summaries,
        user_id=user_id,
        lifecycle_stage=stage,
        artifact_uri=f"{_root(location, experiment_id)}/{run_id}/artifacts",
    )


def _model(row: Row, params: dict[str, object], tags: dict[str, str], measured: list[Measurement]) -> ModelInfo:
    _, model_id, name, experiment_id, run_id, step, status, model_type, created, updated, stage, location = row
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
        lifecycle_stage=stage,
        artifact_uri=f"{_root(location, experiment_id)}/models/{model_id}/artifacts",
    )


def _root(location: str, experiment_id: int) -> str:
    return location or f"mlflow-artifacts:/{experiment_id}"


def _measurements(
    connection: sqlite3.Connection, wanted: str, sql: str = _MODEL_SCORES
) -> dict[Any, list[Measurement]]:
    """Return measurements by what the query's first column is: a model's number or ID."""
    measured: dict[Any, list[Measurement]] = defaultdict(list)
    rows = connection.execute(sql, (wanted,))
    known: dict[int, DatasetRef | None] = {0: None}
    for number, key, value, step, timestamp, dataset_no, name, digest, run_id in rows:
        if dataset_no not in known:
            known[dataset_no] = DatasetRef(name, digest)
        measured[number].append(Measurement(key, real(value), step, timestamp, known[dataset_no], run_id))
    return measured


def _params(connection: sqlite3.Connection, sql: str, numbers: str) -> dict[int, dict[str, object]]:
    params: dict[int, dict[str, object]] = defaultdict(dict)
    for number, key, value, json in rows_of(connection, sql, (numbers,)):
        params[number][key] = param_value(value, json)
    return params


def _texts(connection: sqlite3.Connection, sql: str, numbers: str) -> dict[int, dict[str, str]]:
    texts: dict[int, dict[str, str]] = defaultdict(dict)
    for number, key, value in rows_of(connection, sql, (numbers,)):
        texts[number][key] = value
    return texts
