"""Many processes, forks and threads at once: every ledger is clean, and nobody hears of a lock."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

import tracker

from .ledger import Ledger, verify
from .nursery import ROOT

Start = Callable[..., subprocess.Popen[str]]

STARTS_AND_LOGS = """
import sys
import tracker
from tests.acceptance.faults.ledger import Ledger
from pathlib import Path

store, ledgers = sys.argv[1:]
print("ready", flush=True)
sys.stdin.readline()  # so that all begin at once
ledger = Ledger(Path(ledgers))
with tracker.open(store) as opened, opened.start_run("at once") as run:
    for step in range(100):
        ledger.log(run, {"loss": step + len(run.run_id) / 8, "acc": float("nan")}, step)
    assert ledger.flush(run, 60) == tracker.Level.STORED
"""
LOGS_BESIDE_A_LOCK = """
import sys
import tracker
from tests.acceptance.faults.ledger import Ledger
from pathlib import Path

store, ledgers = sys.argv[1:]
ledger = Ledger(Path(ledgers))
with tracker.open(store) as opened, opened.start_run("beside") as run:
    for step in range(50):
        ledger.log(run, {"loss": step / 8, "acc": float("inf")}, step)
    print(ledger.flush(run, timeout=1), flush=True)
"""
FORKS = """
import os
import sys
import tracker
from tests.acceptance.faults.ledger import Ledger
from pathlib import Path

store, ledgers = sys.argv[1:]
with tracker.open(store) as opened, opened.start_run("forks") as run:
    mine = Ledger(Path(ledgers))
    mine.log(run, {"before": 1.0}, 0)
    children = []
    for number in range(8):
        child = os.fork()
        if child == 0:
            ledger = Ledger(Path(ledgers))
            for step in range(200):
                ledger.log(run, {"shared": number + step / 1024, f"own {number}": float(step)}, step)
            if number % 2:
                assert ledger.flush(run, 60) == tracker.Level.STORED
            os._exit(0)
        children.append(child)
        mine.log(run, {"shared": -1.0 - number}, number)
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * 8
    mine.log(run, {"after": 1.0}, 0)
    assert mine.flush(run, 60) == tracker.Level.STORED
"""
OPENS_LOGS_AND_CLOSES = """
import sys
import tracker
with tracker.open(sys.argv[1]) as opened, opened.start_run("passing") as run:
    run.log({"passing": 1.0})
"""
FOLDS_FOR_OTHERS_AND_DIES = """
import os
import sys
import tracker

opened = tracker.open(sys.argv[1])
run = opened.start_run("folds")
run.log({"loss": 1.0})
print(run.flush(), flush=True)
for line in sys.stdin:
    assert opened.catch_up()
    print("stored", flush=True)
"""


@pytest.fixture
def start(store: Path, ledgers: Path, tmp_path: Path) -> Iterator[Start]:
    """Start a program with the store and the ledgers as its arguments."""

    def start_one(program: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-W", "error", "-c", program, store, ledgers],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.enter_context(process)
        started.callback(process.kill)
        return process

    with ExitStack() as started:
        yield start_one


def said(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    return process.stdout.readline().strip()


def end(process: subprocess.Popen[str], word: str = "") -> str:
    """Let a process go on to its end, which must be a good one; return what it complained of."""
    _, err = process.communicate(word, timeout=100)
    assert process.returncode == 0, err
    return err


def test_sixteen_processes_start_at_once_on_an_empty_folder(store: Path, ledgers: Path, start: Start) -> None:
    store.mkdir()
    processes = [start(STARTS_AND_LOGS) for _ in range(16)]
    assert [said(process) for process in processes] == ["ready"] * 16
    for process in processes:
        assert process.stdin
        process.stdin.write("\n")
        process.stdin.flush()
    assert [end(process) for process in processes] == [""] * 16
    verdict = verify(store, ledgers, require="stored")
    assert verdict.problems == {}
    assert verdict.points == 16 * 200
    assert not [entry.name for entry in store.iterdir() if "new" in entry.name]


def beside_a_foreign_lock(store: Path, start: Start, processes: int) -> list[str]:
    """Run programs that flush for a second while a foreign process holds the file; return what they complained of."""
    with tracker.open(store):
        pass
    with closing(sqlite3.connect(store / "tracker.db", isolation_level=None)) as foreign:
        foreign.execute("BEGIN IMMEDIATE")
        started = [start(LOGS_BESIDE_A_LOCK) for _ in range(processes)]
        # While it is locked they have opened the store, logged, and waited long enough.
        assert [said(process) for process in started] == ["synced"] * processes
        foreign.execute("ROLLBACK")
    return [end(process) for process in started]


def test_a_foreign_lock_keeps_nobody_from_opening_logging_and_ending(store: Path, ledgers: Path, start: Start) -> None:
    complaints = beside_a_foreign_lock(store, start, 3)
    assert all("not stored within 1 s" in complaint for complaint in complaints)
    verdict = verify(store, ledgers)
    assert verdict.problems == {}
    assert verdict.points == 3 * 100


def test_nobody_hears_that_the_database_is_locked(store: Path, start: Start) -> None:
    assert "database is locked" not in "".join(beside_a_foreign_lock(store, start, 1))


def test_eight_forked_children_log_into_one_run(store: Path, ledgers: Path, start: Start) -> None:
    assert end(start(FORKS)) == ""
    verdict = verify(store, ledgers, require="logged")
    assert verdict.problems == {}
    assert verdict.points == 8 * 400 + 10


def test_several_threads_log_into_one_run(store: Path, ledgers: Path) -> None:
    def log(number: int) -> None:
        ledger = Ledger(ledgers)
        start.wait()
        for step in range(300):
            ledger.log(run, {"shared": number + step / 1024, f"own {number}": float(step)}, step)
            if step % 100 == 50:
                assert ledger.flush(run, 60) == tracker.Level.STORED
        ledger.close()

    start = threading.Barrier(6)
    with tracker.open(store) as opened, opened.start_run("threads") as run:
        threads = [threading.Thread(target=log, args=(number,)) for number in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    verdict = verify(store, ledgers)
    assert verdict.problems == {}
    assert verdict.points == 6 * 600


def test_who_closes_the_store_takes_nothing_from_who_still_writes(store: Path, ledgers: Path, start: Start) -> None:
    """One folds what the dead have left, and dies; between, others have opened, written and closed."""
    folds = start(FOLDS_FOR_OTHERS_AND_DIES)
    assert said(folds) == "stored"
    end(start(OPENS_LOGS_AND_CLOSES))
    ledger = Ledger(ledgers)
    with tracker.attach(store) as attached:
        ledger.log(attached.run("f" * 32), {"loss": 0.5, "acc": 0.25}, 1)
    assert folds.stdin
    folds.stdin.write("go\n")
    folds.stdin.flush()
    assert said(folds) == "stored"
    folds.kill()
    folds.wait()
    assert verify(store, ledgers).lost == []
