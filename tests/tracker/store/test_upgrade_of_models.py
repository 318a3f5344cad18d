"""What version 2 kept of logged models is in version 3, and as version 3 would have written it."""

from __future__ import annotations

import math
import sqlite3
from contextlib import closing
from importlib import resources
from pathlib import Path

import pytest

from tracker.store.batch import param_hash
from tracker.store.sqlite import SqliteStore, schema
from tracker.store.sqlite.functions import UPGRADING, offer

pytestmark = pytest.mark.anyio

# model, metric, dataset, value, step, timestamp: in the order logged
POINTS = [
    (1, 1, 1, 0.5, 1, 10),
    (1, 1, 1, 0.75, 2, 20),
    (1, 1, 1, 0.25, 3, 20),
    (1, 1, 1, 0.125, 3, 20),
    (1, 1, 2, None, 1, 10),
    (2, 1, 1, math.inf, 9, 5),
    (2, 2, 0, 3.0, 1, 1),
]
NEWEST = [(1, 1, 1, 0.125), (1, 1, 2, None), (2, 1, 1, math.inf), (2, 2, 0, 3.0)]
OLDER = [0.5, 0.75, 0.25]
PARAMS = [(1, "lr", "0.1"), (1, "seed", "3"), (2, "lr", "0.1")]


@pytest.fixture
def old(tmp_path: Path) -> Path:
    path = tmp_path / "tracker.db"
    second = resources.files("tracker.store").joinpath("schema", "sqlite_2.sql")
    with closing(sqlite3.connect(path)) as connection, connection:
        offer(connection, UPGRADING)
        connection.executescript(Path(__file__).with_name("sqlite_1.sql").read_text("utf-8"))
        connection.executescript(second.read_text("utf-8"))
        connection.executescript(
            f"PRAGMA application_id = {schema.APPLICATION_ID}; PRAGMA user_version = 2;"
            "INSERT INTO experiments VALUES (0, 'Default', 'active', 1, 1);"
            "INSERT INTO runs (run_no, run_id, experiment_id, run_name, status, start_time)"
            " VALUES (1, 'r', 0, 'old', 'FINISHED', 1);"
            "INSERT INTO metric_keys VALUES (1, 'acc'), (2, 'loss');"
            "INSERT INTO datasets (dataset_no, name, digest) VALUES (1, 'v', '1'), (2, 'v', '2');"
        )
        for number in (1, 2, 3):
            row = (number, f"m{number}", 1, 0, "net", "", 1, "READY", 1, 1, "active")
            connection.execute(f"INSERT INTO models VALUES ({', '.join('?' * len(row))})", row)
        for number, key, value in PARAMS:
            row_ = (number, key, value, float(value), None)
            connection.execute("INSERT INTO model_params VALUES (?, ?, ?, ?, ?)", row_)
        newest: dict[tuple[int, int, int], tuple[float | None, int, int]] = {}
        for model, key_no, dataset, number_, step, timestamp in POINTS:
            connection.execute(
                "INSERT INTO model_metrics (model_no, key_no, dataset_no, run_no, value, step, timestamp)"
                " VALUES (?, ?, ?, 1, ?, ?, ?)",
                (model, key_no, dataset, number_, step, timestamp),
            )
            before = newest.get((model, key_no, dataset))
            if before is None or (timestamp, step) >= (before[2], before[1]):
                newest[model, key_no, dataset] = number_, step, timestamp
        for place, (number_, step, timestamp) in newest.items():
            score = number_ if number_ is not None and math.isfinite(number_) else None
            connection.execute(
                "INSERT INTO model_scores VALUES (?, ?, ?, 1, ?, ?, ?, ?)", (*place, number_, score, step, timestamp)
            )
    return path


def rows(path: Path, sql: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql).fetchall()


async def test_every_point_is_kept_once_and_the_newest_apart(old: Path) -> None:
    await SqliteStore.create(old)
    newest = "SELECT model_no, key_no, dataset_no, value FROM model_scores ORDER BY 1, 2, 3"
    assert rows(old, newest) == NEWEST
    assert [value for (value,) in rows(old, "SELECT value FROM older_points ORDER BY point_no")] == OLDER
    assert rows(old, "SELECT count(*) FROM model_points") == [(len(POINTS),)]
    assert rows(old, "PRAGMA integrity_check") == [("ok",)]
    assert rows(old, "PRAGMA foreign_key_check") == []


async def test_params_have_the_hashes_that_new_ones_get(old: Path) -> None:
    await SqliteStore.create(old)
    found = rows(old, "SELECT model_no, key, value, number, hash FROM model_params ORDER BY 1, 2")
    assert found == [(number, key, value, float(value), param_hash(key, value)) for number, key, value in PARAMS]
    lr, seed = param_hash("lr", "0.1"), param_hash("seed", "3")
    assert rows(old, "SELECT params_hash FROM models ORDER BY model_no") == [(lr ^ seed,), (lr,), (0,)]


async def test_a_copy_of_what_it_was_stays_beside_it(old: Path) -> None:
    await SqliteStore.create(old)
    assert rows(old.with_name("tracker.db.v2"), "SELECT count(*) FROM model_metrics") == [(len(POINTS),)]
