"""A server in a process of its own, and a plain HTTP client."""

from __future__ import annotations

import os
import re
import secrets
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

import tracker

from .described import require_described


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the server of a file's tests keeps its store."""
    return tmp_path_factory.mktemp("server")


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    """Start a server for the tests of a file; return where it is."""
    command = [sys.executable, "-W", "error", "-m", "tracker.cli.main", "serve", "--port", "0", "--store", "store"]
    root = str(Path(tracker.__file__).parents[1])
    clean = {key: value for key, value in os.environ.items() if not key.startswith("TRACKER_")}
    with subprocess.Popen(
        command,
        cwd=folder,
        env={**clean, "PYTHONPATH": root},
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdout is not None
        found = re.search(r"at (http://127\.0\.0\.1:\d+) ", server.stdout.readline())
        assert found is not None
        yield found[1]
        server.terminate()
        server.wait(20)


@pytest.fixture
def http(address: str) -> Iterator[httpx.Client]:
    """Speak to the server."""
    with httpx.Client(base_url=address, timeout=20) as client:
        yield client


class Mlflow:
    """Requests of MLflow's protocol."""

    def __init__(self, client: httpx.Client) -> None:
        self.client = client

    def ask(self, verb: str, path: str, status: int = 200, /, **fields: object) -> Any:  # noqa: ANN401  # any JSON
        """Send a request, expect a status, and return the answer."""
        how = {"params": fields} if verb == "GET" else {"json": fields}
        answer = self.client.request(verb, f"/api/2.0/mlflow/{path}", **how)  # type: ignore[arg-type]
        assert answer.status_code == status, answer.text
        require_described(answer)
        return answer.json()

    def get(self, path: str, status: int = 200, /, **fields: object) -> Any:  # noqa: ANN401  # any JSON
        """Ask by GET."""
        return self.ask("GET", path, status, **fields)

    def post(self, path: str, status: int = 200, /, **fields: object) -> Any:  # noqa: ANN401  # any JSON
        """Ask by POST."""
        return self.ask("POST", path, status, **fields)

    def experiment(self) -> str:
        """Make an experiment; return its ID."""
        return str(self.post("experiments/create", name=secrets.token_hex(8))["experiment_id"])

    def run(self, **fields: object) -> str:
        """Make a run; return its ID."""
        return str(self.post("runs/create", **fields)["run"]["info"]["run_id"])

    def data(self, run_id: str, family: str) -> dict[str, Any]:
        """Return a run's metrics, params or tags by name."""
        run = self.get("runs/get", run_id=run_id)["run"]
        return {each["key"]: each["value"] for each in run["data"].get(family, [])}


@pytest.fixture
def mlflow(http: httpx.Client) -> Mlflow:
    """Speak MLflow's protocol to the server."""
    return Mlflow(http)
