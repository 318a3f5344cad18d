"""Refusals of what pages ask for, in the words that MLflow's own tests look for."""

from __future__ import annotations

import httpx
import pytest

from .conftest import Mlflow

API = "/ajax-api/2.0/mlflow"
BULK, INTERVAL = f"{API}/metrics/get-history-bulk", f"{API}/metrics/get-history-bulk-interval"
MANY = [f"id_{number}" for number in range(1000)]
Query = dict[str, str | int | list[str]]


def require_refused(answer: httpx.Response, message: str) -> None:
    assert answer.status_code == 400
    assert answer.json()["error_code"] == "INVALID_PARAMETER_VALUE"
    assert message in answer.json()["message"]


@pytest.mark.parametrize(
    ("path", "query", "message"),
    [
        (BULK, {"metric_key": "key"}, "GetMetricHistoryBulk request must specify at least one run_id"),
        (BULK, {"metric_key": "key", "run_id": MANY}, "GetMetricHistoryBulk request cannot specify more than"),
        (BULK, {"run_id": ["123"]}, "GetMetricHistoryBulk request must specify a metric_key"),
        (INTERVAL, {"metric_key": "key"}, "Missing value for required parameter 'run_ids'."),
        (INTERVAL, {"metric_key": "key", "run_ids": MANY}, "request must specify at most 100 run_ids."),
        (INTERVAL, {"run_ids": ["123"]}, "Missing value for required parameter 'metric_key'"),
        (
            INTERVAL,
            {"run_ids": ["123"], "metric_key": "key", "max_results": 0},
            "max_results must be between 1 and 2500",
        ),
        (
            INTERVAL,
            {"run_ids": ["123"], "metric_key": "key", "start_step": 1, "end_step": 0},
            "end_step must be greater than start_step. ",
        ),
        (
            INTERVAL,
            {"run_ids": ["123"], "metric_key": "key", "start_step": 1},
            "If either start step or end step are specified, both must be specified.",
        ),
    ],
)
def test_curves(http: httpx.Client, path: str, query: Query, message: str) -> None:
    require_refused(http.get(path, params=query), message)


@pytest.mark.parametrize(
    ("experiment_ids", "message"),
    [
        ([], "SearchDatasets request must specify at least one experiment_id."),
        (MANY, "SearchDatasets request cannot specify more than"),
    ],
)
def test_datasets(http: httpx.Client, experiment_ids: list[str], message: str) -> None:
    answer = http.post(f"{API}/experiments/search-datasets", json={"experiment_ids": experiment_ids})
    require_refused(answer, message)


@pytest.mark.parametrize(
    ("query", "data", "message"),
    [
        ({}, b"x", "Request must specify run_uuid."),
        ({"run_uuid": "RUN"}, b"x", "Request must specify path."),
        ({"run_uuid": "RUN", "path": ""}, b"x", "Request must specify path."),
        ({"run_uuid": "RUN", "path": "../x"}, b"x", "Invalid path"),
        ({"run_uuid": "RUN", "path": "x"}, b"", "Request must specify data."),
    ],
)
def test_files(http: httpx.Client, mlflow: Mlflow, query: dict[str, str], data: bytes, message: str) -> None:
    run_id = mlflow.run()
    params = {name: run_id if value == "RUN" else value for name, value in query.items()}
    require_refused(http.post(f"{API}/upload-artifact", params=params, content=data), message)


def test_a_path_may_begin_with_two_slashes(http: httpx.Client) -> None:
    query: Query = {"name": "model", "version": 1, "path": "../path"}
    answer = http.get(f"{http.base_url}//model-versions/get-artifact", params=query)
    assert answer.json() == {"error_code": "INVALID_PARAMETER_VALUE", "message": "Invalid path"}


def test_points_of_many_runs_come_by_run(http: httpx.Client, mlflow: Mlflow) -> None:
    runs = sorted(mlflow.run() for _ in range(4))
    for run_id in runs:
        mlflow.post("runs/log-metric", run_id=run_id, key="loss", value=0.5, timestamp=1)
    points = http.get(BULK, params={"run_id": runs[::-1], "metric_key": "loss"}).json()["metrics"]
    assert [point["run_id"] for point in points] == runs
