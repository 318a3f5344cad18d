"""Logged models over MLflow's protocol."""

from __future__ import annotations

import httpx
import pytest

from .conftest import Mlflow


def made(mlflow: Mlflow, **fields: object) -> str:
    return str(mlflow.post("logged-models", **{"experiment_id": "0", **fields})["model"]["info"]["model_id"])


def test_one_is_made_finished_and_found(mlflow: Mlflow) -> None:
    run = mlflow.run()
    model = mlflow.post(
        "logged-models",
        experiment_id="0",
        name="net",
        model_type="cnn",
        source_run_id=run,
        params=[{"key": "p", "value": "1"}],
        tags=[{"key": "t", "value": "x"}],
    )["model"]
    info = model["info"]
    assert (info["name"], info["status"], info["source_run_id"]) == ("net", "LOGGED_MODEL_PENDING", run)
    assert info["artifact_uri"] == f"mlflow-artifacts:/0/models/{info['model_id']}/artifacts"
    assert model["data"] == {"params": [{"key": "p", "value": "1"}]}
    done = mlflow.ask("PATCH", f"logged-models/{info['model_id']}", 200, model_id=info["model_id"], status=2)
    assert done["model"]["info"]["status"] == "LOGGED_MODEL_READY"
    found = mlflow.post("logged-models/search", experiment_ids=["0"], filter=f"source_run_id = '{run}'")
    assert found["models"] == [done["model"]]


def test_one_needs_no_run_and_no_name(mlflow: Mlflow) -> None:
    model = mlflow.post("logged-models", experiment_id="0")["model"]["info"]
    assert model["name"]
    assert "source_run_id" not in model
    assert mlflow.post("runs/search", experiment_ids=["0"], filter="run_id = ''") == {}


def test_one_is_found_by_what_a_run_of_another_experiment_measured_it_at(mlflow: Mlflow) -> None:
    home, away = mlflow.experiment(), mlflow.experiment()
    model, run = made(mlflow, experiment_id=home), mlflow.run(experiment_id=away)
    for step in range(20):
        point = {"key": "acc", "value": step, "timestamp": step, "step": step}
        mlflow.post("runs/log-metric", run_id=run, **point, model_id=model)
        found = mlflow.post("logged-models/search", experiment_ids=[home], filter=f"metrics.acc = {step}")
        assert [each["info"]["model_id"] for each in found["models"]] == [model]
        assert mlflow.post("runs/search", experiment_ids=[home]) == {}


def test_what_it_was_measured_at_is_its_runs_too(mlflow: Mlflow) -> None:
    experiment = mlflow.experiment()
    run = mlflow.run(experiment_id=experiment)
    models = [made(mlflow, experiment_id=experiment, source_run_id=run, name=name) for name in ("a", "b")]
    for number, model in enumerate(models):
        for digest, value in (("11", number / 2), ("22", 1 - number)):
            point = {"key": "acc", "value": value, "timestamp": 5, "step": 1, "model_id": model}
            for _ in range(2):
                mlflow.post("runs/log-metric", run_id=run, **point, dataset_name="test", dataset_digest=digest)
    data = mlflow.get(f"logged-models/{models[1]}")["model"]["data"]
    assert [(each["dataset_digest"], each["value"]) for each in data["metrics"]] == [("11", 0.5), ("22", 0)]
    assert set(mlflow.data(run, "metrics")) == {"acc"}
    order = {"field_name": "metrics.acc", "ascending": False, "dataset_name": "test", "dataset_digest": "11"}
    best = mlflow.post("logged-models/search", experiment_ids=[experiment], order_by=[order], max_results=1)
    assert [each["info"]["name"] for each in best["models"]] == ["b"]
    assert best["next_page_token"]
    on = [{"dataset_name": "test", "dataset_digest": "22"}]
    found = mlflow.post("logged-models/search", experiment_ids=[experiment], filter="metrics.acc > 0.9", datasets=on)
    assert [each["info"]["name"] for each in found["models"]] == ["a"]


def test_tags_and_params_change(mlflow: Mlflow) -> None:
    model = made(mlflow, params=[{"key": "p", "value": "1"}])
    mlflow.ask(
        "PATCH", f"logged-models/{model}/tags", 200, tags=[{"key": "a", "value": "1"}, {"key": "b", "value": "2"}]
    )
    mlflow.ask("DELETE", f"logged-models/{model}/tags/a", 200)
    mlflow.ask("DELETE", f"logged-models/{model}/tags/a", 404)
    mlflow.post(f"logged-models/{model}/params", params=[{"key": "q", "value": "2"}])
    mlflow.post(f"logged-models/{model}/params", 400, params=[{"key": "p", "value": "1"}])
    found = mlflow.get(f"logged-models/{model}")["model"]
    assert found["info"]["tags"] == [{"key": "b", "value": "2"}]
    assert found["data"]["params"] == [{"key": "p", "value": "1"}, {"key": "q", "value": "2"}]


def test_a_deleted_one_is_found_only_where_that_is_asked_for(mlflow: Mlflow) -> None:
    model = made(mlflow)
    for _ in range(2):
        mlflow.ask("DELETE", f"logged-models/{model}", 200)
    mlflow.get(f"logged-models/{model}", 404)
    assert mlflow.get(f"logged-models/{model}", allow_deleted="true")["model"]["info"]["model_id"] == model
    assert mlflow.post("logged-models/search", experiment_ids=["0"], filter=f"model_id = '{model}'") == {}


def test_its_files_are_listed_and_fetched(mlflow: Mlflow, http: httpx.Client) -> None:
    model = made(mlflow)
    http.put(f"/api/2.0/mlflow-artifacts/artifacts/0/models/{model}/artifacts/data/x.bin", content=b"12")
    top = mlflow.get(f"logged-models/{model}/artifacts/directories")
    assert top == {
        "root_uri": f"mlflow-artifacts:/0/models/{model}/artifacts",
        "files": [{"path": "data", "is_dir": True}],
    }
    inner = mlflow.get(f"logged-models/{model}/artifacts/directories", artifact_directory_path="data")
    assert inner["files"] == [{"path": "data/x.bin", "is_dir": False, "file_size": 2}]
    place = f"/ajax-api/2.0/mlflow/logged-models/{model}/artifacts/files"
    assert http.get(place, params={"artifact_file_path": "data/x.bin"}).content == b"12"


@pytest.mark.parametrize(
    ("path", "fields", "message"),
    [
        ("logged-models", {}, "'experiment_id'"),
        ("logged-models", {"experiment_id": "0", "name": "a/b"}, "Invalid model name 'a/b'"),
        ("logged-models/search", {}, "'experiment_ids'"),
        ("logged-models/search", {"experiment_ids": ["x"]}, "'x'"),
        ("logged-models/search", {"experiment_ids": ["0"], "datasets": [{}]}, "'dataset_name'"),
        ("logged-models/search", {"experiment_ids": ["0"], "order_by": [{}]}, "'field_name'"),
        ("logged-models/search", {"experiment_ids": ["0"], "filter": "metrics.acc > '0.1'"}, "0.1"),
        ("logged-models/search", {"experiment_ids": ["0"], "page_token": "x"}, "page token"),
    ],
)
def test_what_cannot_be_is_refused(mlflow: Mlflow, path: str, fields: dict[str, object], message: str) -> None:
    assert message in mlflow.post(path, 400, **fields)["message"]
