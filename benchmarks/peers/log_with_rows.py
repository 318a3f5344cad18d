"""Write rows with `sqlite3.executemany`, in commits of 10 000; mode `indexed` has an index on (run, key, step)."""

from __future__ import annotations

import sqlite3
import time

from .work import Logged, Work, now_ms, report, size

BATCH = 10_000
RUN = 1
SCHEMA = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
CREATE TABLE points (run INTEGER, key TEXT, step INTEGER, timestamp INTEGER, value REAL);
"""
INDEX = "CREATE INDEX by_key ON points (run, key, step);"

Row = tuple[int, str, int, int, float]


def log(work: Work) -> Logged:
    """Write until the last commit has returned."""
    connection = sqlite3.connect(work.folder / "rows.db", isolation_level=None)
    connection.executescript(SCHEMA + (INDEX if work.mode == "indexed" else ""))
    calls, empty = work.calls(), size(work.folder)
    started = time.perf_counter()
    rows: list[Row] = []
    for step, metrics in enumerate(calls):
        timestamp = now_ms()
        rows += [(RUN, key, step, timestamp, value) for key, value in metrics.items()]
        if len(rows) >= BATCH:
            commit(connection, rows)
            rows = []
    commit(connection, rows)
    seconds = time.perf_counter() - started
    (kept,) = connection.execute("SELECT COUNT(*) FROM points").fetchone()
    connection.close()
    return Logged(seconds, "committed with FULL", sqlite3.sqlite_version, empty, kept)


def commit(connection: sqlite3.Connection, rows: list[Row]) -> None:
    """Write rows in one transaction."""
    connection.execute("BEGIN")
    connection.executemany("INSERT INTO points VALUES (?, ?, ?, ?, ?)", rows)
    connection.execute("COMMIT")


if __name__ == "__main__":
    report(log)
