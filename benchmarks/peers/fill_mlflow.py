"""Fill the tables of MLflow's SQLite file in bulk, row for row as its client would have.

Through its client, filling the file would take hours; so the client makes the file, and its tables are filled with
MLflow's own SQLAlchemy models. Run as a program, in modes `models` and `runs`, that is all that is done.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import mlflow  # type: ignore[import-not-found, unused-ignore]
from mlflow.store.tracking.dbmodels import models as tables  # type: ignore[import-not-found, unused-ignore]
from sqlalchemy import create_engine, insert  # type: ignore[import-not-found, unused-ignore]
from sqlalchemy.engine import Connection, Engine  # type: ignore[import-not-found, unused-ignore]

from . import given
from .given import GivenModel, GivenRun
from .work import answer, arguments

READY = 2
ROWS = 10_000

Row = dict[str, Any]


def main() -> None:
    """Fill a file."""
    asked = arguments(__doc__)
    experiment_id = client_of(asked.folder).create_experiment(given.EXPERIMENT)
    FILL[asked.mode](asked.folder, experiment_id, asked.models)
    answer({"version": mlflow.__version__})


def client_of(folder: Path) -> mlflow.MlflowClient:
    """Return a client, which makes the file if there is none."""
    return mlflow.MlflowClient(f"sqlite:///{folder}/mlflow.db")


def fill_models(folder: Path, experiment_id: str, count: int) -> None:
    """Fill the tables of models, and of the runs that have made them."""
    shape = given.beside_peers(count)
    runs = list(given.runs(shape))
    with connected(folder) as connection:
        fill(connection, tables.SqlRun, (run_row(run, experiment_id) for run in runs))
        fill(connection, tables.SqlParam, param_rows(runs))
        models = given.models(shape)
        for some in iter(lambda: list(itertools.islice(models, ROWS)), []):
            fill(connection, tables.SqlLoggedModel, (model_row(model, runs, experiment_id) for model in some))
            fill(connection, tables.SqlLoggedModelParam, model_param_rows(some, runs, experiment_id))
            fill(connection, tables.SqlLoggedModelMetric, model_metric_rows(some, runs, experiment_id))


def fill_runs(folder: Path, experiment_id: str, count: int) -> None:
    """Fill the tables of runs."""
    runs = list(given.long_runs(count))
    with connected(folder) as connection:
        fill(connection, tables.SqlRun, (run_row(run, experiment_id) for run in runs))
        fill(connection, tables.SqlParam, param_rows(runs))
        fill(connection, tables.SqlMetric, metric_rows(runs))
        fill(connection, tables.SqlLatestMetric, metric_rows(runs))


FILL: dict[str, Callable[[Path, str, int], None]] = {"models": fill_models, "runs": fill_runs}


def connected(folder: Path) -> AbstractContextManager[Connection]:
    """Open the file for one transaction."""
    engine: Engine = create_engine(f"sqlite:///{folder}/mlflow.db")
    return engine.begin()


def fill(connection: Connection, table: type, rows: Iterable[Row]) -> None:
    """Write rows."""
    left = iter(rows)
    for some in iter(lambda: list(itertools.islice(left, ROWS)), []):
        connection.execute(insert(table), some)


def run_row(run: GivenRun, experiment_id: str) -> Row:
    """Return a run's row."""
    return {
        "run_uuid": run.run_id,
        "name": f"run-{run.run_id[:6]}",
        "user_id": "somebody",
        "status": "FINISHED",
        "start_time": run.start_time,
        "end_time": run.start_time + given.RUN_MS,
        "experiment_id": int(experiment_id),
        "artifact_uri": "",
    }


def param_rows(runs: Iterable[GivenRun]) -> Iterator[Row]:
    """Yield the rows of runs' params."""
    for run in runs:
        for key, value in run.params.items():
            yield {"run_uuid": run.run_id, "key": key, "value": str(value)}


def metric_rows(runs: Iterable[GivenRun]) -> Iterator[Row]:
    """Yield the rows of runs' metrics, all of one step: they are the same in the table of the latest."""
    for run in runs:
        at = {"run_uuid": run.run_id, "timestamp": run.start_time, "step": 1, "is_nan": False}
        for key, value in run.metrics.items():
            yield {**at, "key": key, "value": value}


def model_row(model: GivenModel, runs: list[GivenRun], experiment_id: str) -> Row:
    """Return a model's row."""
    return {
        "model_id": model.model_id,
        "experiment_id": int(experiment_id),
        "name": given.NAME,
        "artifact_location": "",
        "creation_timestamp_ms": model.timestamp,
        "last_updated_timestamp_ms": model.timestamp,
        "status": READY,
        "model_type": "",
        "source_run_id": runs[model.run].run_id,
    }


def model_param_rows(models: Iterable[GivenModel], runs: list[GivenRun], experiment_id: str) -> Iterator[Row]:
    """Yield the rows of models' params, which are their runs'."""
    for model in models:
        at = {"model_id": model.model_id, "experiment_id": int(experiment_id)}
        for key, value in runs[model.run].params.items():
            yield {**at, "param_key": key, "param_value": str(value)}


def model_metric_rows(models: Iterable[GivenModel], runs: list[GivenRun], experiment_id: str) -> Iterator[Row]:
    """Yield the rows of models' metrics."""
    for model in models:
        at = {
            "model_id": model.model_id,
            "experiment_id": int(experiment_id),
            "run_id": runs[model.run].run_id,
            "metric_timestamp_ms": model.timestamp,
            "metric_step": model.step,
            "dataset_name": given.DATASET,
            "dataset_digest": given.DIGEST,
        }
        for key, value in model.metrics.items():
            yield {**at, "metric_name": key, "metric_value": value}


if __name__ == "__main__":
    main()
