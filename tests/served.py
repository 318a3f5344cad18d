"""A server in a process of its own, as `tracker serve` starts it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

import tracker

PROGRAM = "from tracker.cli.main import main; main()"


@dataclass(frozen=True, slots=True)
class Served:
    """A server that runs; `log` is where its standard error goes."""

    address: str
    process: subprocess.Popen[str]
    log: Path

    @property
    def port(self) -> int:
        port = httpx.URL(self.address).port
        assert port is not None
        return port

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Tell it to stop; return its exit code."""
        self.process.send_signal(number)
        return self.process.wait(30)


@contextmanager
def served(folder: Path, *words: str, program: str = PROGRAM, **environment: str) -> Iterator[Served]:
    """Serve `store` in a folder, on a port that is free; the program may be another one that takes our words."""
    command = [sys.executable, "-W", "error", "-c", program, "serve", "--port", "0", "--store", "store"]
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("TRACKER_", "MLFLOW_"))}
    env = {**clean, "PYTHONPATH": str(Path(tracker.__file__).parents[1]), **environment}
    log = folder / "server.log"
    with (
        log.open("w") as errors,
        subprocess.Popen(
            [*command, *words], cwd=folder, env=env, stdout=subprocess.PIPE, stderr=errors, text=True
        ) as process,
    ):
        try:
            assert process.stdout is not None
            found = re.search(r"at (https?://\S+:\d+\S*) ", process.stdout.readline())
            assert found is not None, log.read_text()
            yield Served(found[1], process, log)
        finally:
            process.kill()
