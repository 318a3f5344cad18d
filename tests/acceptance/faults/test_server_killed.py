"""A server that is killed at any moment has everything that it has answered, once, however often it was sent."""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

import tracker

CLIENTS, CYCLES = 4, 2


@contextmanager
def server(folder: Path) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    command = [sys.executable, "-W", "error", "-m", "tracker.cli.main", "serve", "--port", "0", "--store", "store"]
    env = {**os.environ, "PYTHONPATH": str(Path(tracker.__file__).parents[1])}
    with subprocess.Popen(command, cwd=folder, env=env, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        found = re.search(r"at (http://127\.0\.0\.1:\d+) ", process.stdout.readline())
        assert found is not None
        yield found[1], process
        process.kill()


class Client(threading.Thread):
    """Sends one point after the other until nobody answers; what was not answered is sent again by the next one."""

    def __init__(self, address: str, run_id: str, first: int, again: int, answered: threading.Semaphore) -> None:
        super().__init__()
        self.run_id, self.step, self.again, self.acked = run_id, first, again, first
        self._address, self._answered = address, answered

    def run(self) -> None:
        with httpx.Client(base_url=self._address, timeout=20) as client:
            try:
                while True:
                    point = {"key": "loss", "value": self.step / 8, "timestamp": 1 + self.step, "step": self.step}
                    for _ in range(1 + self.again):
                        path = "/api/2.0/mlflow/runs/log-metric"
                        client.post(path, json={"run_id": self.run_id, **point}).raise_for_status()
                    self.step += 1
                    self.acked = self.step
                    self._answered.release()
            except httpx.TransportError:
                return


@pytest.mark.parametrize("cycles", [CYCLES, pytest.param(150, marks=[pytest.mark.campaign, pytest.mark.timeout(1200)])])
def test_what_was_answered_is_there_once(tmp_path: Path, cycles: int) -> None:
    draw = random.Random(7)  # noqa: S311  # the moments of a test
    runs: list[str] = []
    steps = [0] * CLIENTS
    for _ in range(cycles):
        with server(tmp_path) as (address, process):
            if not runs:
                path = f"{address}/api/2.0/mlflow/runs/create"
                runs = [httpx.post(path, json={}).json()["run"]["info"]["run_id"] for _ in range(CLIENTS)]
            answered = threading.Semaphore(0)
            clients = [
                Client(address, run, step, draw.randrange(2), answered) for run, step in zip(runs, steps, strict=True)
            ]
            for client in clients:
                client.start()
            for _ in range(draw.randrange(1, 120)):
                answered.acquire()
            process.send_signal(signal.SIGKILL)
            for client in clients:
                client.join()
            # What was not answered is sent again: it may be there already.
            steps = [client.acked for client in clients]
    with tracker.open(tmp_path / "store", create=False) as store:
        for run, step in zip(runs, steps, strict=True):
            found = store.metric_history(run, "loss").steps.tolist()
            # The last one that was sent may be there without its answer.
            assert found in (list(range(step)), list(range(step + 1)))
        assert sum(steps) > cycles
