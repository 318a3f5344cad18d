"""Ctrl-C, SIGTERM and kill -9, of `sweeps run` in a process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pytest

import sweeps
import tracker

Program = Callable[..., Path]

# Two trials at a time say that they are up, and go on until they are told to end.
HEAD = """
import os
import signal
import sys

import tracker

def up(line=b"up\\n"):
    os.write(fifo, line)

fifo = os.open("fifo", os.O_WRONLY)
"""
LOGGING = f"""
import time
{HEAD}
def train(trial):
    run = trial or tracker.current_run()
    step = 0
    while True:
        step += 1
        run.log({{"loss": 1.0 / step}}, step=step)
        if step == 1:
            up()
        time.sleep(0.01)  # or the journal grows as fast as the disk takes it

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)
    train(None)
"""
STUBBORN = f"""
{HEAD}
def train(trial):
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    print("last words", flush=True)
    up()
    while True:
        signal.pause()

if __name__ == "__main__":
    train(None)
"""
ASYNC = f"""
{HEAD}
import anyio

async def train(trial):
    await trial.log({{"loss": 1.0}})
    up()
    while True:
        await anyio.sleep(0.01)
        await trial.log({{"loss": 1.0}})
"""


class Fifo(Protocol):
    def read(self) -> bytes: ...
    def wait_until_nobody_writes(self) -> None: ...


@dataclass
class Sweep:
    """A sweep that runs in a process of its own."""

    process: subprocess.Popen[str]
    fifo: Fifo
    marker: str

    def wait_until_up(self, trials: int = 2) -> None:
        seen = b""
        while seen.count(b"up") < trials:
            seen += self.fifo.read()

    def read_until(self, words: str) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            if words in line:
                return
        raise AssertionError(words)

    def end(self) -> dict[str, object]:
        """Wait for the end; return what was printed as JSON."""
        out, err = self.process.communicate()
        assert "Traceback" not in err, err
        printed: dict[str, object] = json.loads(out) if out else {}
        return printed

    def left(self) -> list[int]:
        """Return which processes carry the sweep's environment and still live."""
        found = []
        for environment in Path("/proc").glob("[0-9]*/environ"):
            try:
                if self.marker.encode() in environment.read_bytes():
                    found.append(int(environment.parent.name))
            except OSError:  # it has ended meanwhile
                continue
        return found


Start = Callable[..., Sweep]


@pytest.fixture
def start(program: Program, fifo: Fifo, home: Path) -> Iterator[Start]:
    """Start a sweep of nine trials, two at a time."""
    with ExitStack() as started:

        def start_it(text: str, executor: str = "processes") -> Sweep:
            program(text, name="train.py")
            target = "train.py" if executor == "command" else "train.py:train"
            (home / "sweep.yaml").write_text(
                f"program: {target}\nmethod: grid\nmetric: {{name: loss}}\nparameters: {{n: {{min: 1, max: 9}}}}\n"
                f"execution: {{parallel: 2, executor: {executor}}}\n"
            )
            marker = uuid.uuid4().hex
            root = str(Path(sweeps.__file__).parents[1])
            process = subprocess.Popen(
                [sys.executable, "-W", "error", "-m", "sweeps.cli.main", "run", "sweep.yaml", "--json"],
                env={**os.environ, "PYTHONPATH": root, "MARKER": marker, "TRACKER_STORE": str(home / "store")},
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            started.enter_context(process)
            started.callback(process.kill)
            return Sweep(process, fifo, marker)

        yield start_it


def statuses() -> dict[str, str]:
    """Return every run's status, by its name."""
    with tracker.open("store", create=False) as store:
        return {run.name: str(run.status) for run in store.search_runs()}


REASONS = {signal.SIGINT: "the sweep was ended", signal.SIGTERM: "the sweep was preempted"}
ALL_KILLED = {"sweep": "KILLED", "trial-0": "KILLED", "trial-1": "KILLED"}


class TestOnce:
    @pytest.mark.parametrize(
        ("number", "executor"),
        [
            (signal.SIGINT, "processes"),
            (signal.SIGTERM, "processes"),
            (signal.SIGINT, "threads"),
            (signal.SIGINT, "command"),
            (signal.SIGTERM, "command"),
        ],
    )
    def test_launches_nothing_more_and_ends_trials_at_their_next_log(
        self, start: Start, number: signal.Signals, executor: str
    ) -> None:
        sweep = start(LOGGING, executor)
        sweep.wait_until_up()
        sweep.process.send_signal(number)
        printed = sweep.end()
        assert sweep.process.returncode == 128 + number
        assert printed["trials"] == {"complete": 0, "pruned": 0, "failed": 0, "killed": 2, "total": 2}
        assert statuses() == ALL_KILLED
        assert sweep.left() == []
        with tracker.open("store", create=False) as store:
            trials = [run for run in store.search_runs() if run.parent_run_id]
            assert {(run.tags["trial.state"], run.tags["trial.reason"]) for run in trials} == {
                ("killed", REASONS[number])
            }
            assert all(len(store.metric_history(run.run_id, "loss")) for run in trials)

    @pytest.mark.parametrize("executor", ["inline", "processes"])
    def test_ends_async_trials_at_their_next_log(self, start: Start, executor: str) -> None:
        sweep = start(ASYNC, executor)
        sweep.wait_until_up()
        sweep.process.send_signal(signal.SIGINT)
        sweep.end()
        assert sweep.process.returncode == 130
        assert statuses() == ALL_KILLED


class TestTwice:
    @pytest.mark.parametrize("executor", ["processes", "command"])
    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    def test_ends_even_trials_that_ignore_everything(self, start: Start, executor: str, number: signal.Signals) -> None:
        sweep = start(STUBBORN, executor)
        sweep.wait_until_up()
        sweep.process.send_signal(number)
        sweep.read_until("nothing new is launched")
        sweep.process.send_signal(number)
        sweep.end()
        assert sweep.process.returncode == 128 + number
        assert sweep.left() == []
        assert statuses() == ALL_KILLED
        with tracker.open("store", create=False) as store:
            assert {run.tags["trial.tail"] for run in store.search_runs() if run.parent_run_id} == {"last words"}


class TestKill:
    """The scheduler ends from one moment to the next, as by the system when memory is short."""

    def test_ends_its_workers_and_what_they_have_started(self, start: Start) -> None:
        sweep = start(STUBBORN.replace("    up()\n", "    os.fork()\n    up()\n", 1))
        sweep.wait_until_up(4)
        sweep.process.kill()
        sweep.fifo.wait_until_nobody_writes()

    def test_loses_nothing_that_was_logged(self, start: Start) -> None:
        text = LOGGING.replace(
            "        if step == 1:\n            up()\n", "        up(f'up {run.run_id} {step}\\n'.encode())\n"
        )
        text = text.replace("run = trial or tracker.current_run()", "run = trial.run")
        sweep = start(text)
        lines = b""
        while lines.count(b"\n") < 50:
            lines += sweep.fifo.read()
        sweep.process.kill()
        while more := sweep.fifo.read():
            lines += more
        acknowledged: dict[str, int] = {}
        for line in lines.decode().splitlines():
            _, run_id, step = line.split()
            acknowledged[run_id] = int(step)
        with tracker.open("store", create=False) as store:
            assert len(acknowledged) == 2
            for run_id, last in acknowledged.items():
                history = store.metric_history(run_id, "loss")
                assert history.steps.tolist()[:last] == list(range(1, last + 1))
                assert history.values.tolist()[:last] == [1.0 / each for each in range(1, last + 1)]
