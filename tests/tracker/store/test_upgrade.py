"""A store that an older version wrote: upgraded once, whole or not at all, with a copy of what it was."""

from __future__ import annotations

import re
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

import tracker
from tracker.errors import StoreTooNew, StoreTooOld
from tracker.store import segments
from tracker.store.sqlite import SqliteStore, schema, upkeep
from tracker.store.sqlite.connection import connect_reader

pytestmark = pytest.mark.anyio

Program = Callable[..., subprocess.CompletedProcess[str]]
Process = Callable[..., subprocess.Popen[str]]

RUN = "a" * 32
# The pieces of two curves, in the order in which version 1 numbered them; numbers are missing as after merges.
PIECES = [(1, 1, 3), (2, 2, 1), (5, 1, 2), (6, 1, 4), (9, 2, 5)]
PLACES = [(1, 1, 0), (2, 2, 0), (5, 1, 3), (6, 1, 5), (9, 2, 1)]


def piece(number: int, points: int) -> segments.Columns:
    steps = np.arange(number * 10, number * 10 + points)
    return segments.Columns(steps, steps + 1000, steps / 8)


def version_1(path: Path) -> Path:
    """Make a file as version 1 left it."""
    tables = Path(__file__).with_name("sqlite_1.sql").read_text("utf-8")
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript(
            f"PRAGMA journal_mode = WAL; {tables} PRAGMA application_id = {schema.APPLICATION_ID};"
            "PRAGMA user_version = 1; INSERT INTO experiments VALUES (0, 'Default', 'active', 1, 1);"
            f"INSERT INTO runs (run_no, run_id, experiment_id, run_name, status, start_time) "
            f"VALUES (1, '{RUN}', 0, 'old', 'FINISHED', 1);"
            "INSERT INTO metric_keys VALUES (1, 'loss'), (2, 'acc');"
            "INSERT INTO series VALUES (1, 1, 1, 0, 0, 9, 3, 1, 1, 1, 1, 1, 1, 1),"
            " (2, 1, 2, 0, 0, 6, 2, 1, 1, 1, 1, 1, 1, 1);"
        )
        rows = [
            (number, series, number * 10, number * 10 + points - 1, points, segments.encode(piece(number, points)))
            for number, series, points in PIECES
        ]
        connection.executemany("INSERT INTO segments VALUES (?, ?, ?, ?, ?, ?)", rows)
    return path


def execute(path: Path, sql: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection, connection:
        return connection.execute(sql).fetchall()


def old_store(store: Path) -> Path:
    store.mkdir()
    version_1(store / "tracker.db")
    return store


def curve(*numbers: int) -> list[float]:
    return [value for number, _, points in PIECES if number in numbers for value in piece(number, points).values]


async def test_every_old_segment_gets_its_place_in_its_curve(tmp_path: Path) -> None:
    path = version_1(tmp_path / "tracker.db")
    await SqliteStore.create(path)
    assert execute(path, "SELECT segment_no, series_no, first_point FROM segments ORDER BY segment_no") == PLACES
    assert execute(path, "PRAGMA integrity_check") == [("ok",)]
    assert execute(path, "PRAGMA foreign_key_check") == []
    assert execute(path, "PRAGMA user_version") == [(schema.VERSION,)]


def described(path: Path) -> list[list[tuple[object, ...]]]:
    """Tell all that a file's schema is, but for the layout of its tables' text, and the order in which they stand."""
    laid_out = "SELECT type, name, tbl_name, replace(sql, '\"', '') FROM sqlite_schema ORDER BY type, name"
    of_tables = (
        "sqlite_schema AS t JOIN pragma_{0}(t.name) AS p WHERE t.type IN ('table', 'view') ORDER BY t.name, p.{1}"
    )
    columns = f"SELECT t.name, p.* FROM {of_tables.format('table_xinfo', 'cid')}"
    # Of plans that cost the same the order of the indexes decides.
    indexes = f"SELECT t.name, p.* FROM {of_tables.format('index_list', 'seq')}"
    references = f"SELECT t.name, p.* FROM {of_tables.format('foreign_key_list', 'id, p.seq')}"
    marks = "SELECT * FROM pragma_application_id, pragma_user_version, pragma_encoding, pragma_page_size"
    return [one_spaced(execute(path, laid_out)), *(execute(path, sql) for sql in (columns, indexes, references, marks))]


def one_spaced(rows: list[tuple[object, ...]]) -> list[tuple[object, ...]]:
    """Set the text of tables in one way; what acts by itself stays as it is, since its very text is what is trusted."""
    return [
        (kind, *names, re.sub(r"\s*([,()])\s*", r"\1", " ".join(str(sql).split())) if kind == "table" else sql)
        for kind, *names, sql in rows
    ]


async def test_an_upgraded_file_is_what_a_new_one_is(tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    old, new = version_1(tmp_path / "tracker.db"), tmp_path / "new" / "tracker.db"
    for path in (old, new):
        await SqliteStore.create(path)
    assert described(old) == described(new)
    for row in (
        "SELECT * FROM datasets",
        "SELECT * FROM runs WHERE run_no = 0",
        "SELECT experiment_id FROM experiments",
    ):
        assert execute(old, row) == execute(new, row) != []


async def test_old_runs_that_have_ended_are_packed_as_new_ones_are(tmp_path: Path) -> None:
    path = version_1(tmp_path / "tracker.db")
    execute(path, "UPDATE runs SET end_time = 9")
    await SqliteStore.create(path)
    assert execute(path, "SELECT run_no FROM run_summaries") == [(1,)]
    reader = await connect_reader(path)
    assert await upkeep.check_summaries(reader) == []
    await reader.aclose()


async def test_a_file_that_is_not_upgraded_is_not_read(tmp_path: Path) -> None:
    path = version_1(tmp_path / "tracker.db")
    with pytest.raises(StoreTooOld, match=rf"version 1.*needs version {schema.VERSION}: open it once"):
        await SqliteStore.open(path)


def test_opening_an_old_store_upgrades_it_and_keeps_a_copy(store: Path) -> None:
    old_store(store)
    with tracker.open(store, create=False) as opened:
        assert opened.metric_history(RUN, "loss").values.tolist() == curve(1, 5, 6)
        assert opened.metric_history(RUN, "acc").values.tolist() == curve(2, 9)
        with opened.start_run("new", run_id=RUN) as run:
            run.log({"loss": 0.5}, step=1000)
        assert opened.metric_history(RUN, "loss").values.tolist() == [*curve(1, 5, 6), 0.5]
    copy = store / "tracker.db.v1"
    assert copy.stat().st_mode & 0o777 == 0o600
    assert execute(copy, "PRAGMA user_version") == [(1,)]
    assert execute(copy, "SELECT segment_no, series_no, points FROM segments") == PIECES
    assert sorted(entry.name for entry in store.iterdir() if entry.is_file()) == [
        "tracker.db",
        "tracker.db.v1",
        "tracker.lock",
    ]


def test_the_copy_is_a_store_of_the_older_version(store: Path, tmp_path: Path) -> None:
    with tracker.open(old_store(store)):
        pass
    (tmp_path / "other").mkdir()
    shutil.copy(store / "tracker.db.v1", tmp_path / "other" / "tracker.db")
    with tracker.open(tmp_path / "other") as opened:
        assert opened.metric_history(RUN, "loss").values.tolist() == curve(1, 5, 6)


def test_where_it_cannot_be_written_an_old_store_says_what_it_needs(store: Path) -> None:
    old_store(store)
    # Whoever may do anything, as a test may, cannot write to a folder either.
    (store / "tracker.lock").mkdir()
    with pytest.raises(StoreTooOld, match="open it once where its folder may be written") as caught:
        tracker.open(store, create=False)
    assert "\n" not in str(caught.value)
    assert execute(store / "tracker.db", "PRAGMA user_version") == [(1,)]


def test_a_newer_file_is_still_refused(store: Path) -> None:
    execute(old_store(store) / "tracker.db", f"PRAGMA user_version = {schema.VERSION + 1}")
    with pytest.raises(StoreTooNew):
        tracker.open(store)
    assert not (store / "tracker.db.v1").exists()


OPENING = """
import sys, tracker
with tracker.open(sys.argv[1]) as opened:
    print(len(opened.metric_history("a" * 32, "loss")))
"""


def test_several_programs_may_upgrade_at_once(store: Path, start_python: Process) -> None:
    programs = [start_python(OPENING, old_store(store))] + [start_python(OPENING, store) for _ in range(3)]
    for program in programs:
        assert program.communicate(timeout=60) == ("9\n", "")


# Stops a program for good at one of the calls that an upgrade makes.
DYING = """
import os, pathlib, signal, sys, tracker
from tracker.store.sqlite import schema
from tracker.store.sqlite.connection import Connection

def die(*args):
    os.kill(os.getpid(), signal.SIGKILL)

async def dying_script(self, sql):
    half = sql.partition("DROP TABLE segments;")[0]
    await original(self, half)
    die()

original, place = Connection.run_script, sys.argv[2]
if place == "in the copy":
    schema.sync_file = die
elif place == "before the copy has its name":
    pathlib.Path.rename = die
elif place == "in the transaction":
    Connection.run_script = dying_script
tracker.open(sys.argv[1])
"""
PLACES_TO_DIE = ["in the copy", "before the copy has its name", "in the transaction"]


@pytest.mark.parametrize("place", PLACES_TO_DIE)
def test_an_upgrade_that_is_killed_leaves_the_old_store(store: Path, run_python: Program, place: str) -> None:
    run_python(DYING, old_store(store), place, code=-9)
    database = store / "tracker.db"
    assert execute(database, "PRAGMA user_version") == [(1,)]
    assert execute(database, "SELECT segment_no, series_no, points FROM segments") == PIECES
    with tracker.open(store) as opened:
        assert opened.metric_history(RUN, "loss").values.tolist() == curve(1, 5, 6)
    assert execute(store / "tracker.db.v1", "PRAGMA user_version") == [(1,)]


def test_without_a_copy_nothing_is_upgraded(store: Path) -> None:
    # A file of this name cannot be made: a folder has it.
    (old_store(store) / "tracker.db.v1.new").mkdir()
    with pytest.raises(StoreTooOld, match="no copy of it could be kept"):
        tracker.open(store)
    assert execute(store / "tracker.db", "PRAGMA user_version") == [(1,)]
