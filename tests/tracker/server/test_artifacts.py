"""Files over MLflow's protocol."""

from __future__ import annotations

import os
from http.client import HTTPConnection
from pathlib import Path

import httpx
import pytest

from .conftest import Mlflow

PROXY = "/api/2.0/mlflow-artifacts/artifacts"


@pytest.fixture
def root(mlflow: Mlflow) -> str:
    return f"0/{mlflow.run()}/artifacts"


def test_a_file_comes_back_to_the_byte(http: httpx.Client, root: str) -> None:
    data = os.urandom(3_000_000)
    assert http.put(f"{PROXY}/{root}/a/b c+d.bin", content=data).status_code == 200
    answer = http.get(f"{PROXY}/{root}/a/b%20c+d.bin")
    assert answer.content == data
    assert answer.headers["content-disposition"] == "attachment; filename*=UTF-8''b%20c%2Bd.bin"
    assert answer.headers["x-content-type-options"] == "nosniff"
    part = http.get(f"{PROXY}/{root}/a/b%20c+d.bin", headers={"range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, data[10:20])


def test_one_is_replaced_and_removed(http: httpx.Client, root: str) -> None:
    for data in (b"first", b"second"):
        http.put(f"{PROXY}/{root}/x", content=data)
    assert http.get(f"{PROXY}/{root}/x").content == b"second"
    for _ in range(2):
        assert http.delete(f"{PROXY}/{root}/x").status_code == 200
    assert http.get(f"{PROXY}/{root}/x").status_code == 404
    assert http.get(PROXY, params={"path": root}).json() == {}


def test_folders_are_listed_by_the_rule_of_each_route(http: httpx.Client, mlflow: Mlflow, root: str) -> None:
    for path, data in (("a/x", b"1"), ("a/deep/y", b"22"), ("z", b"")):
        http.put(f"{PROXY}/{root}/{path}", content=data)
    run = root.split("/")[1]
    whole = mlflow.get("artifacts/list", run_id=run)
    assert whole["root_uri"] == f"mlflow-artifacts:/{root}"
    assert whole["files"] == [{"path": "a", "is_dir": True}, {"path": "z", "is_dir": False, "file_size": 0}]
    inner = mlflow.get("artifacts/list", run_id=run, path="a")["files"]
    assert [each["path"] for each in inner] == ["a/deep", "a/x"]
    proxied = http.get(PROXY, params={"path": f"{root}/a"}).json()["files"]
    assert proxied == [{"path": "deep", "is_dir": True}, {"path": "x", "is_dir": False, "file_size": 1}]
    assert "files" not in mlflow.get("artifacts/list", run_id=run, path="nothing")
    assert "files" not in mlflow.get("artifacts/list", run_id=run, path="z")
    assert http.get(f"{PROXY}/{root}/a").status_code == 400
    assert http.get("/get-artifact", params={"run_id": run, "path": "a/x"}).content == b"1"


@pytest.mark.parametrize(
    "path", ["../x", "a/../../x", "..%2fx", "%2e%2e/x", "/etc/passwd", "%2Fetc%2Fpasswd", "a%00b", "..%5Cx", "c:/x"]
)
@pytest.mark.parametrize("verb", ["GET", "PUT", "DELETE"])
def test_a_path_that_leaves_its_folder_is_refused(http: httpx.Client, root: str, verb: str, path: str) -> None:
    # By hand: a better client tidies the path up.
    plain = HTTPConnection(http.base_url.host, http.base_url.port or 0)
    plain.request(verb, f"{PROXY}/{root}/{path}", body=b"x")
    answer = plain.getresponse()
    assert answer.status in {400, 404}
    assert b"root:" not in answer.read()
    plain.close()


def test_what_belongs_to_nobody_has_a_place_too(http: httpx.Client) -> None:
    assert http.put(f"{PROXY}/some/file.txt", content=b"x").status_code == 200
    assert http.get(f"{PROXY}/some/file.txt").content == b"x"
    assert http.get(PROXY, params={"path": "some"}).json()["files"][0]["path"] == "file.txt"


# S45.
def test_a_ready_models_files_stay_as_they_are(http: httpx.Client, mlflow: Mlflow) -> None:
    model = mlflow.post("logged-models", experiment_id="0")["model"]["info"]["model_id"]
    root = f"{PROXY}/0/models/{model}/artifacts"

    def put(path: str, data: bytes) -> int:
        return http.put(f"{root}/{path}", content=data).status_code

    for data in (b"half", b"weights"):
        assert [put(path, data) for path in ("data/w.bin", "MLmodel")] == [200, 200]
    mlflow.ask("PATCH", f"logged-models/{model}", 200, model_id=model, status=2)
    assert put("data/w.bin", b"others") == 400
    assert put("data/w.bin", b"weights") == 200
    assert [http.delete(f"{root}/{path}").status_code for path in ("data/w.bin", "data")] == [400, 400]
    assert http.get(f"{root}/data/w.bin").content == b"weights"
    # MLflow's client writes what describes a model again, when it is told another signature.
    assert put("MLmodel", b"signed") == 200
    name = f"net-{model}"
    mlflow.post("registered-models/create", name=name)
    mlflow.post("model-versions/create", name=name, source=f"models:/{model}", model_id=model)
    assert put("MLmodel", b"signed again") == 400
    assert http.get(f"{root}/MLmodel").content == b"signed"


# S45.
@pytest.mark.parametrize("size", [1, 1024 * 1024, 2_500_000])
def test_a_flipped_byte_is_never_taken_for_the_file(http: httpx.Client, folder: Path, root: str, size: int) -> None:
    http.put(f"{PROXY}/{root}/w.bin", content=os.urandom(size))
    place = folder / "store" / "artifacts" / "runs" / root.split("/")[1] / "w.bin"
    with place.open("r+b") as file:
        first = file.read(1)[0]
        file.seek(0)
        file.write(bytes([first ^ 1]))
    # The clock of files may not have gone on since the server wrote it.
    os.utime(place, ns=(0, 0))
    with pytest.raises(httpx.RemoteProtocolError):
        http.get(f"{PROXY}/{root}/w.bin")
    place.write_bytes(b"longer or shorter")
    assert http.get(f"{PROXY}/{root}/w.bin").status_code == 500


def test_a_file_and_a_folder_do_not_share_a_path(http: httpx.Client, root: str) -> None:
    for path, status in (("a", 200), ("a/b", 400), ("c/d", 200), ("c", 400)):
        assert http.put(f"{PROXY}/{root}/{path}", content=b"x").status_code == status


def test_parts_are_not_taken(http: httpx.Client, root: str) -> None:
    answer = http.post(f"/api/2.0/mlflow-artifacts/mpu/create/{root}/x", json={"path": "x", "num_parts": 2})
    assert answer.status_code == 501
