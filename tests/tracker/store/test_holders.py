"""Who keeps others from writing into the SQLite file."""

from __future__ import annotations

import os
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

import tracker
from tracker.store.sqlite import holders
from tracker.system import held_locks
from tracker.system.locks import LOCKS

pytestmark = pytest.mark.skipif(not LOCKS.exists(), reason="the system does not tell")
HOLDS = """
    import sqlite3, sys
    connection = sqlite3.connect(sys.argv[1], isolation_level=None)
    connection.execute(sys.argv[2])
    connection.execute("SELECT * FROM sqlite_schema").fetchall()
    print("held", flush=True)
    sys.stdin.read()
    connection.close()
"""


@pytest.fixture(params=["WAL", "DELETE"])
def database(store: Path, request: pytest.FixtureRequest) -> Path:
    with tracker.open(store):
        pass
    path = store / "tracker.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA journal_mode = {request.param}")
    return path


@pytest.mark.parametrize("begin", ["BEGIN IMMEDIATE", "BEGIN EXCLUSIVE"])
def test_a_process_that_writes_is_named_until_it_lets_go(
    database: Path, start_python: Callable[..., subprocess.Popen[str]], begin: str
) -> None:
    assert (holders.writers(database), holders.blamed(database)) == (set(), "")
    process = start_python(HOLDS, database, begin)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    assert holders.writers(database) == holders.writers(database, iter(held_locks())) == {process.pid}
    assert holders.blamed(database).startswith(f"held by process {process.pid} (python")
    process.communicate()
    assert (holders.writers(database), holders.blamed(database)) == (set(), "")


def test_a_process_that_reads_keeps_nobody_from_writing(
    database: Path, start_python: Callable[..., subprocess.Popen[str]]
) -> None:
    process = start_python(HOLDS, database, "BEGIN")
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    assert (holders.writers(database), holders.users(database)) == (set(), {process.pid})
    process.communicate()
    assert holders.users(database) == set()


def test_connecting_the_writer_takes_no_lock_from_the_reader(store: Path) -> None:
    """Without that lock another process that closes the file removes the WAL that this one still writes to."""
    with tracker.open(store) as opened, opened.start_run("e") as run:
        run.log({"loss": 1.0})
        assert run.flush() == tracker.Level.STORED
        assert os.getpid() in holders.users(store / "tracker.db")
        # This is how it would be lost: the system lets go of all locks of a process on a file that it closes.
        os.close(os.open(store / "tracker.db", os.O_RDONLY))
        assert os.getpid() not in holders.users(store / "tracker.db")


def test_one_does_not_blame_oneself(database: Path) -> None:
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        assert (holders.writers(database), holders.blamed(database)) == ({os.getpid()}, "")
