"""Disks that are full, or fail: the trainer never sees it, and loses nothing once it is over.

The campaign lets the n-th call fail for every n from 1 to 100, of each kind, with each error, once or until further
notice; it takes a quarter of an hour:

    python -m pytest -m campaign tests/acceptance/faults/test_disk_faults.py

A failure names its seed; FAULT_SEED=… before the command repeats its choices.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from .dice import dice
from .ledger import calls_of, verify
from .nursery import ROOT
from .shim import failing

Start = Callable[..., subprocess.Popen[bytes]]
# "ftruncate" only ever undoes a short write: that it fails, too, is what "torn" is.
KINDS = ("write", "pwrite", "fsync", "rename", "open", "short", "torn")

TRAINS = """
import sys
import tracker
from pathlib import Path
from tests.acceptance.faults.dice import dice
from tests.acceptance.faults.ledger import Ledger
from tests.acceptance.faults.roles import Stream
from tests.acceptance.faults.shim import Fault

store, ledgers, seed, kind, error, stays = *sys.argv[1:6], sys.argv[6] == "stays"
rng = dice(seed)
ledger, failed = Ledger(Path(ledgers)), []
with tracker.open(store) as opened, opened.start_run("faulty") as run:
    stream = Stream(ledger, run, rng)

    def train_beside():
        # As if in a process of its own: it has yet to make its journal.
        attached, theirs = tracker.attach(store), Ledger(Path(ledgers))
        others.append((attached, theirs, Stream(theirs, attached.run(run.run_id), rng)))
        others[-1][2].call()

    for nth in map(int, sys.argv[7:]):
        others = []
        with Fault(kind, error, nth, stays=stays) as fault:
            for attempt in range(2 * nth + 2):
                train_beside()
                for _ in range(10):
                    stream.call()
                ledger.flush(run, timeout=0.2)
                if fault.failed:
                    break
            train_beside()
            stream.call()
            failed.append(fault.failed)
        assert ledger.flush(run) == tracker.Level.STORED, nth
        for attached, theirs, other in others:
            # What waited in memory is written with the next.
            other.call()
            attached.close()
        assert opened.catch_up()
        for _, theirs, _ in others:
            theirs.reached("stored")
            theirs.close()
print(sum(map(bool, failed)))
"""
# The controls: what people write without a tracker.
WRITES_ROWS = """
import sqlite3
import sys
from tests.acceptance.faults.shim import Fault

rows = sqlite3.connect(sys.argv[1] + "/rows.db", isolation_level=None)
rows.execute("CREATE TABLE points (step INTEGER, value REAL)")
with Fault(sys.argv[2], "ENOSPC", 3, stays=False):
    for step in range(50):
        rows.execute("INSERT INTO points VALUES (?, ?)", (step, step / 8))
"""
WRITES_LINES = """
import sys
from tests.acceptance.faults.shim import Fault

with open(sys.argv[1] + "/lines", "w", buffering=1) as lines, Fault(sys.argv[2], "ENOSPC", 3, stays=False):
    for step in range(50):
        lines.write(f"{step} {step / 8}\\n")
"""
# Reads words from its test: what it does next. It says when it is done.
OBEYS = """
import sys
import tracker
from pathlib import Path
from tests.acceptance.faults.dice import dice
from tests.acceptance.faults.ledger import Ledger
from tests.acceptance.faults.roles import Stream

store, ledgers, seed = sys.argv[1:]
ledger = Ledger(Path(ledgers))
with tracker.open(store) as opened, opened.start_run("full") as run:
    stream = Stream(ledger, run, dice(seed))
    for line in sys.stdin:
        word, number = line.split()
        if word == "log":
            for _ in range(int(number)):
                stream.call()
        elif word == "flush":
            level = ledger.flush(run, float(number))
            word = str(level)
        print(word, flush=True)
"""
# The same under a limit of its files' sizes. Its ledger goes to a pipe, which has no size.
LIMITED = """
import os
import resource
import sys
import tracker
from pathlib import Path
from tests.acceptance.faults.dice import dice
from tests.acceptance.faults.ledger import Ledger
from tests.acceptance.faults.roles import Stream

store, ledgers, seed = sys.argv[1:]
rng = dice(seed)
ledger = Ledger(Path(ledgers))
ledger._file = 1
_, most = resource.getrlimit(resource.RLIMIT_FSIZE)
with tracker.open(store) as opened, opened.start_run("limited") as run:
    stream = Stream(ledger, run, rng)
    for _ in range(20):
        sizes = [path.stat().st_size for path in Path(store).rglob("*") if path.is_file()]
        resource.setrlimit(resource.RLIMIT_FSIZE, (rng.choice(sizes) + rng.randrange(5000), most))
        for _ in range(rng.choice((1, 30, 300))):
            stream.call()
        ledger.flush(run, timeout=0.05)
        stream.call()
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
        if rng.random() < 0.5:
            stream.call()
        assert ledger.flush(run) == tracker.Level.STORED
"""


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start a program with its arguments and its environment; it is killed if it outlives the test."""

    def start_one(program: str, *arguments: object, **environment: str) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, "-W", "error", "-c", program, *map(str, arguments)],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        started.enter_context(process)
        started.callback(process.kill)
        return process

    with ExitStack() as started:
        yield start_one


def end(process: subprocess.Popen[bytes], name: str) -> bytes:
    out, err = process.communicate()
    assert process.returncode == 0, f"{name}: {err.decode()}"
    assert b"Traceback" not in err, f"{name}: {err.decode()}"
    return out


def train(start: Start, shim: Path, folder: Path, seed: int, *arguments: object) -> int:
    """Let calls fail while a program trains; return how often one did, for how many n."""
    store, ledgers = folder / "store", folder / "ledgers"
    ledgers.mkdir(parents=True)
    name = f"FAULT_SEED={seed} {arguments[:3]}"
    out = end(start(TRAINS, store, ledgers, seed, *arguments, **failing(shim, store)), name)
    verdict = verify(store, ledgers)
    assert not verdict.problems, f"{name}: {verdict.problems}"
    return int(out)


@pytest.mark.parametrize("kind", KINDS)
def test_a_call_that_fails_costs_nothing(start: Start, shim: Path, tmp_path: Path, seed: int, kind: str) -> None:
    error, stays = ("ENOSPC", "stays") if seed % 2 else ("EIO", "once")
    assert train(start, shim, tmp_path, seed, kind, error, stays, 1, 2, 3, 8) == 4


@pytest.mark.campaign
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("stays", ["once", "stays"])
@pytest.mark.parametrize("error", ["EIO", "ENOSPC"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_call_may_fail(
    start: Start, shim: Path, tmp_path: Path, seed: int, kind: str, error: str, stays: str
) -> None:
    assert train(start, shim, tmp_path, seed, kind, error, stays, *range(1, 101)) == 100


@pytest.mark.parametrize(("program", "kind"), [(WRITES_ROWS, "pwrite"), (WRITES_LINES, "write")])
def test_the_controls_raise_or_lose(start: Start, shim: Path, store: Path, program: str, kind: str) -> None:
    store.mkdir()
    process = start(program, store, kind, **failing(shim, store))
    _, err = process.communicate()
    assert process.returncode == 1
    assert b"disk is full" in err or b"No space left" in err


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of four megabytes."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if not sys.platform.startswith("linux") or os.geteuid() != 0:
        pytest.skip("only root can mount a small disk")
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", disk], capture_output=True, check=False)  # noqa: S607
    if done.returncode:
        pytest.skip(f"cannot mount a small disk: {done.stderr.decode().strip()}")
    yield disk
    subprocess.run(["umount", "--lazy", disk], check=True)  # noqa: S607


def fill(ballast: Path, room: int) -> None:
    """Leave so much room on the disk."""
    with ballast.open("wb", buffering=0) as file:
        for size in (65536, 4096, 1):
            while True:
                try:
                    if file.write(bytes(size)) < size:
                        break
                except OSError:
                    break
        file.truncate(max(0, file.tell() - room))


def tell(process: subprocess.Popen[bytes], order: str) -> str:
    assert process.stdin
    assert process.stdout
    process.stdin.write(f"{order}\n".encode())
    process.stdin.flush()
    return process.stdout.readline().decode().strip()


def test_a_full_disk_costs_nothing(start: Start, small_disk: Path, ledgers: Path, seed: int) -> None:
    rng, store, ballast = dice(seed), small_disk / "store", small_disk / "ballast"
    trains = start(OBEYS, store, ledgers, seed)
    degraded = 0
    for _ in range(8):
        assert tell(trains, f"log {rng.randrange(1, 50)}") == "log"
        fill(ballast, rng.choice((0, 1, 1000, 8192, 65536)))
        assert tell(trains, f"log {rng.choice((1, 50, 500))}") == "log"
        degraded += tell(trains, "flush 0.1") != "stored"
        assert tell(trains, "log 3") == "log"
        ballast.unlink()
        assert tell(trains, "flush 10") == "stored"
    fill(ballast, 0)
    assert tell(trains, "log 20") == "log"
    ballast.unlink()
    # It ends without another word, as it would at the end of a training.
    end(trains, f"FAULT_SEED={seed}")
    verdict = verify(store, ledgers)
    assert not verdict.problems, f"FAULT_SEED={seed}: {verdict.problems}"
    assert degraded > 0


def test_a_limit_of_file_sizes_costs_nothing(start: Start, store: Path, ledgers: Path, seed: int) -> None:
    out = end(start(LIMITED, store, ledgers, seed), f"FAULT_SEED={seed}")
    verdict = verify(store, [calls_of(out)])
    assert not verdict.problems, f"FAULT_SEED={seed}: {verdict.problems}"
