"""The SQLite store: what it makes, what it refuses, and what it does about many small segments."""

from __future__ import annotations

import sqlite3
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from pathlib import Path

import pytest

from tracker.entities.records import LogMetrics, StartRun
from tracker.errors import NotAStore, StoreError, StoreReadOnly, StoreTooNew, StoreUnavailable
from tracker.filter import Subject, parse, parse_order
from tracker.store.batch import Batch
from tracker.store.interface import Query
from tracker.store.sqlite import SqliteStore, connection, merge
from tracker.store.sqlite.connection import connect_reader, connect_writer

pytestmark = pytest.mark.anyio

Program = Callable[..., subprocess.CompletedProcess[str]]

OLDEST_FIRST = Query(parse("", Subject.EXPERIMENTS), parse_order("experiment_id", Subject.EXPERIMENTS))
RUN = "a" * 32


def point(step: int, value: float = 0.5) -> Batch:
    return Batch([LogMetrics(RUN, step, 1000 + step, {"loss": value})])


@pytest.fixture
async def path(tmp_path: Path) -> Path:
    path = tmp_path / "tracker.db"
    await SqliteStore.create(path)
    return path


@pytest.fixture
async def sqlite(path: Path) -> AsyncIterator[SqliteStore]:
    store = await SqliteStore.open(path)
    yield store
    await store.aclose()


def content(path: Path) -> bytes:
    return path.read_bytes()


def execute(path: Path, sql: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as foreign, foreign:
        return foreign.execute(sql).fetchall()


async def test_only_its_owner_may_read_the_files(path: Path, sqlite: SqliteStore) -> None:
    await sqlite.commit(point(1), {}, [])
    modes = {entry.name: entry.stat().st_mode & 0o777 for entry in path.parent.iterdir()}
    assert modes == dict.fromkeys(("tracker.db", "tracker.db-wal", "tracker.db-shm"), 0o600)
    await sqlite.aclose()
    assert [entry.name for entry in path.parent.iterdir()] == ["tracker.db"]


async def test_making_it_again_changes_nothing(path: Path, sqlite: SqliteStore) -> None:
    await sqlite.commit(point(1), {}, [])
    await sqlite.aclose()
    before = content(path)
    await SqliteStore.create(path)
    assert content(path) == before


async def test_the_schema_holds_together(path: Path) -> None:
    assert execute(path, "PRAGMA integrity_check") == [("ok",)]
    assert execute(path, "PRAGMA foreign_key_check") == []
    assert execute(path, "PRAGMA journal_mode") == [("wal",)]


async def test_a_newer_versions_file_is_refused_and_left_alone(path: Path) -> None:
    execute(path, "PRAGMA user_version = 99")
    before = content(path)
    with pytest.raises(StoreTooNew, match=r"99.*upgrade"):
        await SqliteStore.open(path)
    with pytest.raises(StoreTooNew):
        await SqliteStore.create(path)
    assert content(path) == before


def foreign(path: Path) -> None:
    execute(path, "CREATE TABLE theirs (x)")


def garbage(path: Path) -> None:
    path.write_bytes(b"This is no database, but a text that is long enough to be taken for one. " * 20)


def empty(path: Path) -> None:
    path.touch()


@pytest.mark.parametrize("make", [foreign, garbage, empty])
async def test_another_programs_file_is_refused_and_left_alone(tmp_path: Path, make: Callable[[Path], None]) -> None:
    path = tmp_path / "tracker.db"
    make(path)
    before = content(path)
    with pytest.raises(NotAStore, match=r"tracker\.db"):
        await SqliteStore.open(path)
    assert content(path) == before


async def test_a_reader_cannot_write(path: Path) -> None:
    reader = await connect_reader(path)
    with pytest.raises(StoreReadOnly):
        await reader.run("DELETE FROM datasets")
    await reader.aclose()


async def test_a_failed_transaction_leaves_nothing_and_the_next_one_works(path: Path) -> None:
    async def fail() -> None:
        async with writer.transaction():
            await writer.run("DELETE FROM datasets")
            raise RuntimeError

    writer = await connect_writer(path)
    with pytest.raises(RuntimeError):
        await fail()
    async with writer.transaction():
        await writer.run("INSERT INTO metric_keys (key) VALUES ('a')")
    await writer.aclose()
    assert execute(path, "SELECT count(*) FROM experiments") == [(1,)]
    assert execute(path, "SELECT key FROM metric_keys") == [("a",)]


async def test_a_foreign_programs_lock_is_told_from_other_problems(
    path: Path, sqlite: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "BRIEF_SECONDS", 0.05)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailable, match="in use by another program"):
            await sqlite.commit(point(1), {}, [])
        other.execute("ROLLBACK")
    await sqlite.commit(point(1), {}, [])
    assert len(await sqlite.history(RUN, "loss", None)) == 1


LOOKING = (
    "import sqlite3, sys; print(sqlite3.connect(sys.argv[1]).execute('SELECT count(*) FROM segments').fetchone()[0])"
)


@pytest.mark.parametrize("careless", [False, True])
async def test_what_is_stored_stays_when_another_program_closes_the_file(
    path: Path, sqlite: SqliteStore, run_python: Program, *, careless: bool
) -> None:
    await sqlite.commit(point(1), {}, [])
    if careless:  # the control: closing any descriptor of a file takes the process's locks on it away
        path.open("rb").close()
    assert run_python(LOOKING, path).stdout == "1\n"
    await sqlite.commit(point(2), {}, [])
    assert run_python(LOOKING, path).stdout == ("1\n" if careless else "2\n")


async def test_many_small_segments_are_merged_while_a_run_goes_on(path: Path, sqlite: SqliteStore) -> None:
    for step in range(merge.MANY - 1):
        await sqlite.commit(point(-step, step / 3), {}, [])
    before = await sqlite.history(RUN, "loss", None)
    assert execute(path, "SELECT count(*) FROM segments") == [(merge.MANY - 1,)]
    await sqlite.commit(point(1, 1.0), {}, [])
    assert execute(path, "SELECT count(*), min(first_step), max(last_step), sum(points) FROM segments") == [
        (1, 2 - merge.MANY, 1, merge.MANY)
    ]
    after = await sqlite.history(RUN, "loss", None)
    assert after.steps.tolist() == [*before.steps.tolist(), 1]
    assert after.timestamps.tolist() == [*before.timestamps.tolist(), 1001]
    assert after.values.tolist() == [*before.values.tolist(), 1.0]


async def test_curves_of_several_runs_are_merged_apart(path: Path, sqlite: SqliteStore) -> None:
    for step in range(merge.MANY):
        records = [LogMetrics(f"{run:032x}", step, 0, {"a": run + step / 8, "b": -step}) for run in range(3)]
        await sqlite.commit(Batch(records), {}, [])
    assert execute(path, "SELECT count(*) FROM segments") == [(6,)]
    for run in range(3):
        curve = await sqlite.history(f"{run:032x}", "a", None)
        assert curve.values.tolist() == [run + step / 8 for step in range(merge.MANY)]


async def test_large_segments_stay_as_they_are(path: Path, sqlite: SqliteStore) -> None:
    large = Batch(LogMetrics(RUN, step, 0, {"loss": step / 7}) for step in range(merge.LARGE))
    await sqlite.commit(large, {}, [])
    for step in range(merge.MANY):
        await sqlite.commit(point(merge.LARGE + step), {}, [])
    (first, *others) = execute(path, "SELECT points FROM segments ORDER BY segment_no")
    assert first == (merge.LARGE,)
    assert len(others) < 3
    assert len(await sqlite.history(RUN, "loss", None)) == merge.LARGE + merge.MANY


async def test_a_damaged_curve_is_told_and_the_others_are_read(path: Path, sqlite: SqliteStore) -> None:
    await sqlite.commit(Batch([LogMetrics(RUN, 1, 1, {"a": 1.0, "b": 2.0})]), {}, [])
    execute(path, "UPDATE segments SET data = substr(data, 1, 20) WHERE segment_no = 1")
    with pytest.raises(StoreError, match="damaged"):
        await sqlite.history(RUN, "a", None)
    assert (await sqlite.history(RUN, "b", None)).values.tolist() == [2.0]


async def test_a_damaged_curve_does_not_keep_others_from_being_merged(path: Path, sqlite: SqliteStore) -> None:
    for step in range(merge.MANY - 1):
        await sqlite.commit(Batch([LogMetrics(RUN, step, 1, {"a": 1.0, "b": 2.0})]), {}, [])
    execute(path, "UPDATE segments SET data = substr(data, 1, 20) WHERE segment_no = 1")
    for step in range(3):
        await sqlite.commit(Batch([LogMetrics(RUN, 100 + step, 1, {"a": 1.0, "b": 2.0})]), {}, [])
    assert len(await sqlite.history(RUN, "b", None)) == merge.MANY + 2
    assert execute(path, "SELECT count(*) FROM segments GROUP BY series_no ORDER BY 1 LIMIT 1") == [(3,)]


async def test_names_are_never_taken_for_sql(sqlite: SqliteStore) -> None:
    name = "'; DROP TABLE runs; -- %s ? :x \" é"
    await sqlite.commit(Batch([StartRun(RUN, name, name, name, 1), LogMetrics(RUN, 1, 1, {name: 1.0})]), {}, [])
    assert [experiment.name for experiment in sqlite.search.experiments(OLDEST_FIRST).items] == ["Default", name]
    assert (await sqlite.history(RUN, name, None)).values.tolist() == [1.0]
