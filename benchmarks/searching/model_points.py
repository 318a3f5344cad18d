"""Writing metrics that are linked to models: `model.log` until stored, beside rows in a table with the same indexes.

The models are there before the clock starts, without files. The rows are written by `sqlite3.executemany` in commits of
10 000 with `synchronous=FULL` and a WAL; models, metrics and datasets are whole numbers to them from the start. They
take turns, each time into an empty file; afterwards all values are read from both.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import tracker
from tracker.client.blocking import StoreDesk
from tracker.entities import DatasetRef, ModelInfo, ModelStatus
from tracker.entities.records import CreateModel, FinishModel

from ..figures import Answer, at_least, compared
from ..peers import given, work
from ..peers.work import Call
from ..programs import Facts, run
from ..setting import Setting
from .clock import require
from .stores import FLUSH_SECONDS, VALIDATION, database

# The share of a short measurement's points that is written here.
SHARE = 0.2
# Metrics a call: those of a model in this suite, and those of a call in the suite of logging.
METRICS = (3, 10)
BATCH = 10_000
RUNS = 100
RATIO = at_least(0.3, 0.8)
SCHEMA = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
CREATE TABLE points (
    model INTEGER, key INTEGER, dataset INTEGER, run INTEGER, value REAL, step INTEGER, timestamp INTEGER,
    PRIMARY KEY (model, key, dataset)
) WITHOUT ROWID;
CREATE INDEX points_by_value ON points (key, dataset, value);
"""
WRITTEN = "SELECT value FROM model_scores ORDER BY value"
ROWS = "raw sqlite3 rows, the same indexes"

Row = tuple[int, int, int, int, float, int, int]


def answer(setting: Setting) -> Answer:
    """Write in a process of its own."""
    details = {}
    for metrics in METRICS:
        with setting.room() as room:
            points = max(metrics, int(setting.points * SHARE))
            found = run("searching.model_points", points=points, metrics=metrics, folder=room, rounds=setting.rounds)
        details[f"{metrics} a call"] = found
    return Answer(
        [
            compared(f"metrics of models, {name}", "points/s", found["ours"], ROWS, found["rows"], RATIO)
            for name, found in details.items()
        ],
        details,
    )


def main() -> None:
    """Write ours and rows in turns."""
    asked = work.arguments(__doc__)
    calls = work.calls(max(1, asked.points // asked.metrics), asked.metrics)
    facts: Facts = {"ours": [], "rows": []}
    for turn in range(asked.rounds):
        facts["ours"].append(log(asked.folder / f"store-{turn}", calls))
        facts["rows"].append(write(asked.folder / f"rows-{turn}.db", calls))
    work.answer(facts)


def log(folder: Path, calls: list[Call]) -> float:
    """Log a call's metrics to a model of its own; return points per second until all is stored."""
    with tracker.open(folder) as store:
        models = [model for number in range(RUNS) for model in created(store, len(calls[number::RUNS]))]
        store_it(store)
        started = time.perf_counter()
        for model, metrics in zip(models, calls, strict=True):
            model.log(metrics, dataset=VALIDATION)
        store_it(store)
        seconds = time.perf_counter() - started
    check(database(folder), WRITTEN, calls)
    return len(calls) * len(calls[0]) / seconds


def created(store: tracker.Tracker, count: int) -> Iterator[tracker.LoggedModel]:
    """Make a run and models of it, as `run.log_model` does, but for their files, which would take a while."""
    its_run = store.start_run()
    known: set[DatasetRef] = set()
    record = store.inner.engine.recorder.record
    for step in range(count):
        info = ModelInfo(
            model_id=f"m-{its_run.run_id[:16]}{step:016x}",
            name=given.NAME,
            experiment_id="",
            run_id=its_run.run_id,
            step=step,
            status=ModelStatus.READY,
            model_type="",
            creation_timestamp=given.FIRST_MS,
            last_updated_timestamp=given.FIRST_MS,
            params={},
            tags={},
            measurements=(),
        )
        record(CreateModel(info.model_id, info.run_id, info.name, "", step, given.FIRST_MS))
        record(FinishModel(info.model_id, info.status, given.FIRST_MS))
        yield tracker.LoggedModel(StoreDesk(store), info, known_inputs=known)


def store_it(store: tracker.Tracker) -> None:
    """Wait until all is stored."""
    level = store.flush(FLUSH_SECONDS)
    if level != tracker.Level.STORED:
        raise SystemExit(f"after {FLUSH_SECONDS} s the points are only {level}")


def write(path: Path, calls: list[Call]) -> float:
    """Write rows; return points per second until the last commit."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.executescript(SCHEMA)
        started = time.perf_counter()
        rows: list[Row] = []
        for number, metrics in enumerate(calls):
            timestamp = work.now_ms()
            of_run, step = number % RUNS, number // RUNS
            rows += [(number, key, 1, of_run, value, step, timestamp) for key, value in enumerate(metrics.values())]
            if len(rows) >= BATCH:
                commit(connection, rows)
                rows = []
        commit(connection, rows)
        seconds = time.perf_counter() - started
    check(path, "SELECT value FROM points ORDER BY value", calls)
    return len(calls) * len(calls[0]) / seconds


def commit(connection: sqlite3.Connection, rows: list[Row]) -> None:
    """Write rows in one transaction."""
    connection.execute("BEGIN")
    connection.executemany("INSERT INTO points VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
    connection.execute("COMMIT")


def check(path: Path, query: str, calls: list[Call]) -> None:
    """Hold what was written to what was given."""
    with closing(sqlite3.connect(path)) as connection:
        written = [value for (value,) in connection.execute(query)]
    require(written, sorted(value for metrics in calls for value in metrics.values()), str(path.name))


if __name__ == "__main__":
    main()
