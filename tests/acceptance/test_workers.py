"""Several server processes on one store: whichever answers knows what any other has answered."""

from __future__ import annotations

import os
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

import tracker

from ..served import Served, served

API = "/api/2.0/mlflow/runs"
WORKERS, CLIENTS, POINTS = 3, 4, 5


def workers(server: Served) -> set[int]:
    return set(map(int, Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children").read_text().split()))


def once(address: str, path: str, **fields: object) -> httpx.Response:
    """Ask by a connection of its own, which any worker may take."""
    return httpx.post(f"{address}{API}/{path}", json=fields, timeout=30).raise_for_status()


def log_and_read(address: str) -> str:
    """Log points, and after each read what there is."""
    run: str = once(address, "create").json()["run"]["info"]["run_id"]
    for step in range(POINTS):
        once(address, "log-metric", run_id=run, key="loss", value=step / 8, timestamp=step, step=step)
        once(address, "set-tag", run_id=run, key="seen", value=str(step))
        found = httpx.get(f"{address}{API}/get", params={"run_id": run}, timeout=30).json()["run"]["data"]
        assert (found["metrics"][0]["step"], found["tags"][-1]["value"]) == (step, str(step))
    return run


def test_whoever_answers_knows_what_the_others_answered(tmp_path: Path) -> None:
    with served(tmp_path, "--workers", str(WORKERS)) as server:
        while len(at_first := workers(server)) < WORKERS:
            pass
        with ThreadPoolExecutor(CLIENTS) as threads:
            runs = list(threads.map(log_and_read, [server.address] * CLIENTS))
        os.kill(min(at_first), signal.SIGKILL)
        while min(at_first) in workers(server) or len(workers(server)) < WORKERS:
            pass
        runs.append(log_and_read(server.address))
        assert server.stop() == 0
        assert f"process {min(at_first)}" in server.log.read_text()
    with tracker.open(tmp_path / "store", create=False) as store:
        for run in runs:
            assert store.metric_history(run, "loss").steps.tolist() == list(range(POINTS))
        assert store.count_runs() == len(runs)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_however_early_it_is_told(tmp_path: Path, number: int) -> None:
    for count in (0, 1):
        with served(tmp_path, "--workers", str(WORKERS)) as server:
            while len(workers(server)) < count:
                pass
            # Some workers do not listen yet, or have not even begun.
            assert server.stop(number) in {0, -number}
