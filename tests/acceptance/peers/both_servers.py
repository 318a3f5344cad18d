"""MLflow's own server and ours beside each other, and programs that are run against both."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

import tracker
from benchmarks.environments import QUIET

from .peer import environments

PROGRAMS = Path(__file__).parent / "callbacks"
ROOT = Path(tracker.__file__).parents[1]
# One thread, no device and no repeated request, so that what is refused is seen. What a model needs to be loaded MLflow
# finds out in a process of its own, in half a minute: without it a model has its library's usual requirements.
SMALL = {
    "CUDA_VISIBLE_DEVICES": "",
    "OMP_NUM_THREADS": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
    "MLFLOW_REQUIREMENTS_INFERENCE_TIMEOUT": "1",
    "MPLBACKEND": "agg",
}
# What the user has set must not count, nor that this is a test: a callback would not log.
SET = ("TRACKER_", "MLFLOW_", "HF_", "YOLO_", "PYTEST_", "PYTHONPATH", "http_proxy", "HTTP_PROXY")
# Connecting is tried for two minutes.
RETRIES = 9


@dataclass(frozen=True)
class Program:
    """A program that has run: where, what its requests were answered, and what the server then held of it."""

    folder: Path
    answers: list[list[Any]]
    held: dict[str, Any]


@dataclass(frozen=True)
class Server:
    """A server, and a folder for what runs against it."""

    address: str
    folder: Path

    def run(self, name: str, experiment: str) -> Program:
        """Run a program, which logs to an experiment, in an empty folder."""
        there = self.folder / name / "there"
        there.mkdir(parents=True)
        kept = self.folder / name / "answers.json"
        self._python(there, "with_answers_kept.py", str(kept), str(PROGRAMS / f"{name}.py"))
        held = self._python(there, "held.py", experiment)
        return Program(there, json.loads(kept.read_text("utf-8")), json.loads(held))

    def _python(self, folder: Path, *words: str) -> str:
        done = subprocess.run(
            [environments().python("callbacks"), PROGRAMS / words[0], *words[1:]],
            cwd=folder,
            env=surroundings(MLFLOW_TRACKING_URI=self.address),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout


def surroundings(**more: str) -> dict[str, str]:
    """Return an environment without the user's settings."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(SET)}
    return {**kept, **QUIET, **SMALL, **more}


@contextmanager
def our_server(folder: Path) -> Iterator[Server]:
    """Serve the store `store` in a folder."""
    command = [sys.executable, "-W", "error", "-m", "tracker.cli.main", "serve", "--port", "0", "--store", "store"]
    env = {**surroundings(), "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, cwd=folder, env=env, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            found = re.search(r"at (http://127\.0\.0\.1:\d+) ", server.stdout.readline())
            assert found is not None
            yield Server(found[1], folder / "ours")
        finally:
            server.terminate()
    assert server.returncode == 0


@contextmanager
def mlflow_server(folder: Path) -> Iterator[Server]:
    """Start MLflow's own server on a SQLite file of a folder."""
    port = free_port()
    words = ["-m", "mlflow", "server", "--backend-store-uri", "sqlite:///mlflow.db", "--artifacts-destination", "files"]
    command = [str(environments().python("callbacks")), *words, "--workers", "1", "--port", str(port)]
    address = f"http://127.0.0.1:{port}"
    with (
        (folder / "mlflow.log").open("wb") as log,
        subprocess.Popen(
            command,
            cwd=folder,
            env=surroundings(MLFLOW_SERVER_ENABLE_JOB_EXECUTION="false"),
            stdout=log,
            stderr=log,
            start_new_session=True,
        ) as server,
    ):
        try:
            with httpx.Client(transport=httpx.HTTPTransport(retries=RETRIES)) as client:
                assert client.get(f"{address}/health", timeout=60).text == "OK"
            yield Server(address, folder / "theirs")
        finally:
            # It has started others, of which some do not end when they are told to.
            os.killpg(server.pid, signal.SIGKILL)


def free_port() -> int:
    """Return a port that nobody listens at."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])
