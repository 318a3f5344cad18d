"""A server that keeps no files for its clients, and one that does nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

import tracker
from tracker.server import Manner, Mode, all_routes
from tracker.server.auth import Users, UsersDoorkeeper, new_token
from tracker.server.openapi import document

from ...in_process import Served, in_process

API = "/api/2.0/mlflow"
PROXY = "/api/2.0/mlflow-artifacts/artifacts"
ROOT = "s3://bucket/$HOME/../runs"
pytestmark = pytest.mark.anyio


async def created(served: Served, name: str = "", **fields: str) -> str:
    """Make an experiment, unless it is the first, and a run in it; return the run's place for files."""
    experiment = "0"
    if name:
        made = await served.client.post(f"{API}/experiments/create", json={"name": name, **fields})
        experiment = made.json()["experiment_id"]
    run = await served.client.post(f"{API}/runs/create", json={"experiment_id": experiment})
    return str(run.json()["run"]["info"]["artifact_uri"]).rpartition("/")[0].rpartition("/")[0]


async def test_files_that_clients_keep_elsewhere(store: Path) -> None:
    async with in_process(store) as served:
        assert await created(served, "old") == "mlflow-artifacts:/1"
    async with in_process(store, Manner(mode=Mode.NO_ARTIFACTS, artifact_root=ROOT)) as served:
        # As it is said, and never looked at: for the clients to understand.
        assert await created(served) == f"{ROOT}/0"
        assert await created(served, "new") == f"{ROOT}/2"
        assert await created(served, "own", artifact_location="gs://own") == "gs://own"
        for method in ("GET", "PUT", "DELETE"):
            answer = await served.client.request(method, f"{PROXY}/1/x", content=b"x")
            assert (answer.status_code, answer.json()["error_code"]) == (503, "TEMPORARILY_UNAVAILABLE")
            assert "--no-serve-artifacts" in answer.json()["message"]
        assert (await served.client.get(PROXY)).status_code == 503
        assert (await served.client.get("/health")).text == "OK"
    async with in_process(store, Manner(mode=Mode.NO_ARTIFACTS, artifact_root="s3://other")) as served:
        # What has runs stays where it is.
        assert await created(served) == f"{ROOT}/0"


async def test_files_and_nothing_else(store: Path) -> None:
    async with in_process(store, Manner(mode=Mode.ARTIFACTS_ONLY)) as served:
        assert (await served.client.put(f"{PROXY}/a/b.txt", content=b"x")).status_code == 200
        assert (await served.client.get(f"{PROXY}/a/b.txt")).content == b"x"
        assert (await served.client.get(PROXY, params={"path": "a"})).json()["files"][0]["path"] == "b.txt"
        for path in ("/health", "/version", "/api/3.0/mlflow/server-info", "/openapi.json", "/metrics"):
            assert (await served.client.get(path)).status_code == 200
        for method, path in (("POST", "runs/create"), ("GET", "experiments/get"), ("GET", "artifacts/list")):
            answer = await served.client.request(method, f"{API}/{path}")
            assert answer.status_code == 503
            assert "--artifacts-only" in answer.json()["message"]


async def test_what_is_closed_is_closed_to_users_too(store: Path) -> None:
    with tracker.open(store):
        users, token = Users(store), new_token()
    users.add("ann", "no hash")
    users.add_token("ann", "test", token)
    users.close()
    manner = Manner(mode=Mode.ARTIFACTS_ONLY, doorkeeper=lambda: UsersDoorkeeper(store))
    async with in_process(store, manner) as served:
        for path in (f"{API}/runs/log-metric", "/api/tracker/1/history", f"/api/tracker/1/journals/{'0' * 32}"):
            answer = await served.client.post(path, json={}, headers={"authorization": f"Bearer {token}"})
            assert (answer.status_code, "--artifacts-only" in answer.text) == (503, True)


def test_what_is_closed_is_described_as_before() -> None:
    assert document(all_routes(Manner(mode=Mode.ARTIFACTS_ONLY)))["components"] != {}
    assert len(all_routes(Manner(mode=Mode.NO_ARTIFACTS))) == len(all_routes())
    closed = [each for each in all_routes(Manner(mode=Mode.ARTIFACTS_ONLY)) if each.path.endswith("runs/create")]
    assert closed[0].permission == "edit"


@pytest.mark.parametrize("act", ["create", "complete", "abort"])
async def test_files_in_parts_are_not_taken_from_a_disk(store: Path, act: str) -> None:
    async with in_process(store) as served:
        answer = await served.client.post(
            f"/api/2.0/mlflow-artifacts/mpu/{act}/a/b", json={"path": "b", "num_parts": 2}
        )
    said = "Multipart upload is not supported for the current artifact repository"
    assert (answer.status_code, answer.json()) == (501, {"error_code": "NOT_IMPLEMENTED", "message": said})
