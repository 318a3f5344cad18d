"""A request of each route that is about things, to ask the real router with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tracker.store.rest.address import PREFIX

from . import native
from .conftest import PROXY, Things

Fields = dict[str, Any]
Request = tuple[str, Fields]
MLFLOW = "/api/2.0/mlflow"
PAIR = {"key": "k", "value": "v"}
POINT = {"key": "k", "value": 1, "timestamp": 1}


def _json(path: str, fields: Callable[[Things], Fields]) -> Callable[[Things], Request]:
    return lambda things: (f"{MLFLOW}/{path}", {"json": fields(things)})


def _query(path: str, fields: Callable[[Things], Fields]) -> Callable[[Things], Request]:
    return lambda things: (f"{MLFLOW}/{path}", {"params": fields(things)})


def _run(**more: object) -> Callable[[Things], Fields]:
    return lambda things: {"run_id": things.run_id, **more}


def _experiment(**more: object) -> Callable[[Things], Fields]:
    return lambda things: {"experiment_id": things.experiment_id, **more}


def _model(below: str = "", **how: object) -> Callable[[Things], Request]:
    return lambda things: (f"{MLFLOW}/logged-models/{things.model_id}{below}", how)


def _file(kind: str, **how: object) -> Callable[[Things], Request]:
    return lambda things: (f"{kind}/{things.experiment_id}/{things.run_id}/artifacts/f", how)


def _registered(**more: object) -> Callable[[Things], Fields]:
    return lambda things: {"name": things.registered, **more}


_REGISTERED, _VERSIONS = f"{MLFLOW}/registered-models", f"{MLFLOW}/model-versions"
# Which of these are asked with what beside the name.
OF_REGISTERED: dict[tuple[str, str], Fields] = {
    ("POST", f"{_REGISTERED}/rename"): {"new_name": "taken over"},
    ("PATCH", f"{_REGISTERED}/update"): {"description": "taken over"},
    ("DELETE", f"{_REGISTERED}/delete"): {},
    ("GET", f"{_REGISTERED}/get"): {},
    ("POST", f"{_REGISTERED}/get-latest-versions"): {},
    ("GET", f"{_REGISTERED}/get-latest-versions"): {},
    ("POST", f"{_REGISTERED}/set-tag"): PAIR,
    ("DELETE", f"{_REGISTERED}/delete-tag"): {"key": "tag c4n4ry"},
    ("POST", f"{_REGISTERED}/alias"): {"alias": "a", "version": "1"},
    ("DELETE", f"{_REGISTERED}/alias"): {"alias": "c4n4ry"},
    ("GET", f"{_REGISTERED}/alias"): {"alias": "c4n4ry"},
    ("POST", f"{_VERSIONS}/create"): {"source": "s3://bucket/x"},
    ("GET", f"{_VERSIONS}/get"): {"version": "1"},
    ("PATCH", f"{_VERSIONS}/update"): {"version": "1", "description": "taken over"},
    ("DELETE", f"{_VERSIONS}/delete"): {"version": "1"},
    ("GET", f"{_VERSIONS}/get-download-uri"): {"version": "1"},
    ("POST", f"{_VERSIONS}/transition-stage"): {"version": "1", "stage": "Production"},
    ("POST", f"{_VERSIONS}/set-tag"): {"version": "1", **PAIR},
    ("DELETE", f"{_VERSIONS}/delete-tag"): {"version": "1", "key": "tag c4n4ry"},
}


def _about_registered(verb: str, path: str) -> Callable[[Things], Request]:
    ask, fields = _query if verb == "GET" else _json, OF_REGISTERED[verb, path]
    return ask(path.removeprefix(f"{MLFLOW}/"), _registered(**fields))


_MPU = "/api/2.0/mlflow-artifacts/mpu"
_MODELS = f"{MLFLOW}/logged-models/{{model_id}}"
# By method and path as routes declare them.
REQUESTS: dict[tuple[str, str], Callable[[Things], Request]] = {
    ("GET", f"{MLFLOW}/experiments/get"): _query("experiments/get", _experiment()),
    ("GET", f"{MLFLOW}/experiments/get-by-name"): _query(
        "experiments/get-by-name", lambda things: {"experiment_name": things.experiment}
    ),
    ("POST", f"{MLFLOW}/experiments/search"): _json("experiments/search", lambda _: {"max_results": 1000}),
    ("GET", f"{MLFLOW}/experiments/search"): _query("experiments/search", lambda _: {"max_results": 1000}),
    ("POST", f"{MLFLOW}/experiments/delete"): _json("experiments/delete", _experiment()),
    ("POST", f"{MLFLOW}/experiments/restore"): _json("experiments/restore", _experiment()),
    ("POST", f"{MLFLOW}/experiments/update"): _json("experiments/update", _experiment(new_name="taken over")),
    ("POST", f"{MLFLOW}/experiments/set-experiment-tag"): _json("experiments/set-experiment-tag", _experiment(**PAIR)),
    ("POST", f"{MLFLOW}/experiments/delete-experiment-tag"): _json(
        "experiments/delete-experiment-tag", _experiment(key="tag c4n4ry")
    ),
    ("POST", f"{MLFLOW}/experiments/search-datasets"): _json(
        "experiments/search-datasets", lambda things: {"experiment_ids": [things.experiment_id]}
    ),
    ("POST", f"{MLFLOW}/runs/create"): _json("runs/create", _experiment()),
    ("GET", f"{MLFLOW}/runs/get"): _query("runs/get", _run()),
    ("POST", f"{MLFLOW}/runs/update"): _json("runs/update", _run(status="FAILED", run_name="taken over")),
    ("POST", f"{MLFLOW}/runs/delete"): _json("runs/delete", _run()),
    ("POST", f"{MLFLOW}/runs/restore"): _json("runs/restore", _run()),
    ("POST", f"{MLFLOW}/runs/search"): _json(
        "runs/search", lambda things: {"experiment_ids": [things.experiment_id], "run_view_type": "ALL"}
    ),
    ("POST", f"{MLFLOW}/runs/log-metric"): _json("runs/log-metric", _run(**POINT)),
    ("POST", f"{MLFLOW}/runs/log-parameter"): _json("runs/log-parameter", _run(**PAIR)),
    ("POST", f"{MLFLOW}/runs/set-tag"): _json("runs/set-tag", _run(**PAIR)),
    ("POST", f"{MLFLOW}/runs/delete-tag"): _json("runs/delete-tag", _run(key="tag c4n4ry")),
    ("POST", f"{MLFLOW}/runs/log-batch"): _json("runs/log-batch", _run(metrics=[POINT], params=[PAIR], tags=[PAIR])),
    ("POST", f"{MLFLOW}/runs/log-inputs"): _json("runs/log-inputs", _run(datasets=[])),
    ("POST", f"{MLFLOW}/runs/outputs"): _json(
        "runs/outputs", lambda things: {"run_id": things.run_id, "models": [{"model_id": things.model_id}]}
    ),
    ("POST", f"{MLFLOW}/runs/log-model"): _json("runs/log-model", _run(model_json="{}")),
    ("GET", f"{MLFLOW}/metrics/get-history"): _query("metrics/get-history", _run(metric_key="c4n4ry")),
    ("GET", f"{MLFLOW}/metrics/get-history-bulk-interval"): _query(
        "metrics/get-history-bulk-interval", lambda things: {"run_ids": [things.run_id], "metric_key": "c4n4ry"}
    ),
    ("GET", f"{MLFLOW}/metrics/get-history-bulk"): _query("metrics/get-history-bulk", _run(metric_key="c4n4ry")),
    ("PUT", f"{PROXY}/{{path:path}}"): _file(PROXY, content=b"taken over"),
    ("GET", f"{PROXY}/{{path:path}}"): lambda things: (
        f"{PROXY}/{things.experiment_id}/models/{things.model_id}/artifacts/c4n4ry",
        {},
    ),
    ("DELETE", f"{PROXY}/{{path:path}}"): lambda things: (
        f"{PROXY}/{things.experiment_id}/{things.run_id}/artifacts",
        {},
    ),
    ("GET", PROXY): lambda things: (PROXY, {"params": {"path": f"0/{things.run_id}/artifacts"}}),
    ("POST", f"{_MPU}/create/{{path:path}}"): _file(f"{_MPU}/create", json={}),
    ("POST", f"{_MPU}/complete/{{path:path}}"): _file(f"{_MPU}/complete", json={}),
    ("POST", f"{_MPU}/abort/{{path:path}}"): _file(f"{_MPU}/abort", json={}),
    ("GET", "/api/2.0/mlflow-artifacts/presigned/{path:path}"): _file("/api/2.0/mlflow-artifacts/presigned"),
    ("GET", f"{MLFLOW}/artifacts/list"): _query("artifacts/list", _run()),
    ("GET", "/get-artifact"): lambda things: (
        "/get-artifact",
        {"params": {"run_id": things.run_id, "path": "c4n4ry"}},
    ),
    ("POST", f"{MLFLOW}/upload-artifact"): lambda things: (
        f"{MLFLOW}/upload-artifact",
        {"params": {"run_uuid": things.run_id, "path": "f"}, "content": b"taken over"},
    ),
    ("POST", f"{MLFLOW}/logged-models"): _json("logged-models", _experiment(name="taken")),
    ("POST", f"{MLFLOW}/logged-models/search"): _json(
        "logged-models/search", lambda things: {"experiment_ids": [things.experiment_id]}
    ),
    ("GET", _MODELS): _model(),
    ("PATCH", _MODELS): _model(json={"status": "LOGGED_MODEL_UPLOAD_FAILED"}),
    ("DELETE", _MODELS): _model(json={}),
    ("PATCH", f"{_MODELS}/tags"): _model("/tags", json={"tags": [PAIR]}),
    ("DELETE", f"{_MODELS}/tags/{{tag_key}}"): _model("/tags/tag%20c4n4ry", json={}),
    ("POST", f"{_MODELS}/params"): _model("/params", json={"params": [PAIR]}),
    ("GET", f"{_MODELS}/artifacts/directories"): _model("/artifacts/directories"),
    ("GET", f"{_MODELS}/artifacts/files"): _model("/artifacts/files", params={"artifact_file_path": "c4n4ry"}),
    **{route: _about_registered(*route) for route in OF_REGISTERED},
    ("POST", f"{PREFIX}/search-registry"): lambda _: (
        f"{PREFIX}/search-registry",
        {"json": {"subject": "registered_models"}},
    ),
    ("GET", f"{_REGISTERED}/search"): _query("registered-models/search", lambda _: {"max_results": 99}),
    ("GET", f"{_VERSIONS}/search"): _query("model-versions/search", lambda _: {"max_results": 99}),
    ("GET", "/model-versions/get-artifact"): lambda things: (
        "/model-versions/get-artifact",
        {"params": {"name": things.registered, "version": "1", "path": "c4n4ry"}},
    ),
    **native.REQUESTS,
}
