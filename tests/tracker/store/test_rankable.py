"""What rankings read by the million is the same whether it is in columns yet or not, and whatever changes meanwhile."""

from __future__ import annotations

import math
import shutil
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import closing
from pathlib import Path

import anyio
import numpy as np
import pytest

from tracker.entities import DatasetRef
from tracker.entities.records import (
    CreateModel,
    DeleteModel,
    FinishModel,
    LogParams,
    MeasureModel,
    Record,
    StartRun,
)
from tracker.filter import Subject, parse, parse_order
from tracker.store.batch import Batch, param_hash
from tracker.store.interface import Query
from tracker.store.model_columns import CHUNK
from tracker.store.sqlite import SqliteStore

pytestmark = pytest.mark.anyio

VALIDATION, TEST = DatasetRef("v", "1"), DatasetRef("t", "1")
MODELS = CHUNK + 40
EVERYTHING = Query(parse("status = 'READY'", Subject.MODELS), parse_order([], Subject.MODELS))
# Means the same, and is read row by row.
BY_ROWS = Query(parse("(status = 'READY') AND step IS NOT NULL OR step IS NULL", Subject.MODELS), EVERYTHING.order)


def model_id(number: int) -> str:
    return f"m-{number:032x}"


def run_id(number: int) -> str:
    return f"{number // 10:032x}"


def records() -> list[Record]:
    said: list[Record] = []
    for number in range(MODELS):
        model, run = model_id(number), run_id(number)
        if number % 10 == 0:
            said += [StartRun(run, "e", "r", None, 1), LogParams(run, {"lr": 0.1, "seed": number % 30})]
        value = math.nan if number % 97 == 0 else math.inf if number % 89 == 0 else number / 7
        said += [
            CreateModel(model, run, "net", "", None if number % 5 == 0 else number, 2),
            MeasureModel(model, run, 1, 3, {"acc": value, "loss": -value}, VALIDATION),
            FinishModel(model, "READY", 4),
        ]
    return said


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("rankable") / "tracker.db"

    async def fill() -> None:
        await SqliteStore.create(path)
        opened = await SqliteStore.open(path)
        await opened.commit(Batch(records()), {}, [])
        await opened.aclose()

    anyio.run(fill)
    return path


@pytest.fixture
def copied(filled: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(filled, tmp_path / "tracker.db"))


@pytest.fixture
async def store(copied: Path, anyio_backend: str) -> AsyncIterator[SqliteStore]:
    del anyio_backend
    opened = await SqliteStore.open(copied)
    yield opened
    await opened.aclose()


async def say(store: SqliteStore, *said: Record) -> None:
    await store.commit(Batch(said), {}, [])


def packed(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("SELECT count(*) FROM model_columns").fetchone()[0])


def ranked(store: SqliteStore, query: Query = EVERYTHING, metrics: Sequence[str] = ("acc", "loss")) -> list[object]:
    """Return all that is read of a ranking, in plain lists."""
    with store.search.rankable() as look:
        models = look.models(query)
        found: list[object] = [column.tolist() for column in models.columns]
        for metric in metrics:
            for number in look.measured_on(metric, query):
                values, there = look.scores(metric, number, models.model_nos).of(models.model_nos)
                found.append((metric, number, [str(value) for value in values], there.tolist()))
    return found


async def test_columns_hold_what_the_rows_do(store: SqliteStore, copied: Path) -> None:
    before = ranked(store)
    assert packed(copied) == 0
    await say(store)
    assert packed(copied) == 3
    assert ranked(store) == before
    assert len(before[0]) == MODELS  # type: ignore[arg-type]  # a list of numbers


async def test_they_are_made_while_others_are_written_and_go_when_theirs_change(
    store: SqliteStore, copied: Path
) -> None:
    await say(store)
    changes: list[list[Record]] = [
        [MeasureModel(model_id(3), run_id(3), 2, 9, {"acc": -5.0}, VALIDATION)],
        [MeasureModel(model_id(4), run_id(4), 2, 1, {"acc": -5.0}, VALIDATION)],
        [MeasureModel(model_id(5), run_id(5), 2, 9, {"acc": 0.25}, TEST)],
        [CreateModel(model_id(MODELS), run_id(0), "new", "", 1, 5), FinishModel(model_id(MODELS), "READY", 6)],
        [FinishModel(model_id(7), "UPLOAD_FAILED", 9)],
        [DeleteModel(model_id(8), 9)],
        [StartRun(run_id(20), "elsewhere", "r", None, 1)],
    ]
    for said in changes:
        await say(store, *said)
        after = ranked(store)
        with closing(sqlite3.connect(copied)) as connection, connection:
            connection.execute("DELETE FROM model_columns")
        assert ranked(store) == after, said
        await say(store)
        assert packed(copied) > 0
        assert ranked(store) == after, said


async def test_a_filter_that_means_the_same_gives_the_same_by_rows(store: SqliteStore) -> None:
    await say(store, FinishModel(model_id(7), "PENDING", 9))
    await say(store)
    ready = ranked(store)
    filtered = Query(parse("status = 'READY' AND name = 'net'", Subject.MODELS), EVERYTHING.order)
    assert ranked(store, filtered) == ready


async def test_experiments_narrow_it(store: SqliteStore) -> None:
    await say(store, StartRun("f" * 32, "other", "r", None, 1), CreateModel(model_id(MODELS), "f" * 32, "n", "", 1, 5))
    await say(store, FinishModel(model_id(MODELS), "READY", 5))
    ids = store.search.experiment_ids()
    for name, count in (("e", MODELS), ("other", 1)):
        found = ranked(store, Query(EVERYTHING.where, EVERYTHING.order, [ids[name]]), [])
        assert len(found[0]) == count  # type: ignore[arg-type]  # a list of numbers


async def test_damaged_columns_are_told_and_not_used(
    store: SqliteStore, copied: Path, caplog: pytest.LogCaptureFixture
) -> None:
    await say(store)
    before = ranked(store)
    with closing(sqlite3.connect(copied)) as connection, connection:
        connection.execute("UPDATE model_columns SET data = substr(data, 1, 100)")
    assert ranked(store) == before
    assert "checkpoints 0 and up are damaged; the rows that they were made of are read instead" in caplog.text


async def test_all_points_come_in_the_order_logged(store: SqliteStore) -> None:
    for timestamp, value in ((9, 1.0), (5, 2.0), (9, 3.0)):
        await say(store, MeasureModel(model_id(1), run_id(1), 2, timestamp, {"acc": value}, TEST))
    with store.search.rankable() as look:
        (number,) = [number for number, ref in look.measured_on("acc", EVERYTHING).items() if ref == TEST]
        points = look.points("acc", number, look.models(EVERYTHING).model_nos)
    assert points.timestamps.tolist() == [5, 9, 9]
    assert points.values.tolist() == [2.0, 1.0, 3.0]


async def test_params_are_told_by_hash_and_by_place(store: SqliteStore) -> None:
    with store.search.rankable() as look:
        models = look.models(EVERYTHING)
        seeds = look.hashes(["seed"], models.model_nos)
        values, places = look.texts("params", "seed", models.model_nos)
        nothing = look.texts("tags", "seed", models.model_nos)
    assert sorted(values) == ["0", "10", "20"]
    assert [param_hash("seed", values[place]) for place in places[:40].tolist()] == seeds[:40].tolist()
    others = np.unique(models.params_hashes ^ seeds)
    assert others.tolist() == [param_hash("lr", "0.1")]
    assert nothing[0] == []
    assert set(nothing[1].tolist()) == {-1}
