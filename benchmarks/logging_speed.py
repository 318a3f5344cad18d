"""How fast is `run.log`, to *stored*, beside raw `sqlite3` rows of the same points in the same run?

    python benchmarks/logging_speed.py [--points N] [--json FILE]

Both write the same points (10 metrics a call) to the same disk with WAL and `synchronous=FULL`, and are timed until
the last commit has returned. The raw rows are written by `executemany` in batches of 10 000, with an index on
(run, key, step), and lose what was not committed when the process is killed; `run.log` does not.
"""

from __future__ import annotations

import argparse
import os
import random
import sqlite3
import statistics
import tempfile
import time
from pathlib import Path

import orjson

import tracker

METRICS = 10
BATCH = 10_000


def main() -> None:
    """Measure, print, and keep the figures if asked to."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--points", type=int, default=1_000_000)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    calls = [
        {f"metric_{number}": random.random() for number in range(METRICS)}  # noqa: S311  # figures, no secrets
        for _ in range(arguments.points // METRICS)
    ]
    with tempfile.TemporaryDirectory() as folder:
        figures = {
            "points": len(calls) * METRICS,
            "raw sqlite3 rows, points/s": raw_rows(calls, Path(folder) / "raw.db"),
            **logged(calls, Path(folder) / "store"),
            "orjson.dumps + os.write, median us": bare_write(calls, Path(folder) / "bare"),
        }
    for name, value in figures.items():
        print(f"{name:<40} {value:,.2f}")
    if arguments.json:
        arguments.json.write_bytes(orjson.dumps(figures))


def raw_rows(calls: list[dict[str, float]], path: Path) -> float:
    """Write rows by hand; return points per second."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.executescript(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
        "CREATE TABLE points (run TEXT, key TEXT, step INTEGER, timestamp INTEGER, value REAL);"
        "CREATE INDEX by_key ON points (run, key, step);",
    )
    started = time.perf_counter()
    rows = []
    for step, metrics in enumerate(calls):
        timestamp = time.time_ns() // 1_000_000
        rows += [("run", key, step, timestamp, value) for key, value in metrics.items()]
        if len(rows) >= BATCH:
            write_rows(connection, rows)
            rows = []
    write_rows(connection, rows)
    seconds = time.perf_counter() - started
    connection.close()
    return len(calls) * METRICS / seconds


def write_rows(connection: sqlite3.Connection, rows: list[tuple[str, str, int, int, float]]) -> None:
    """Commit rows."""
    connection.execute("BEGIN")
    connection.executemany("INSERT INTO points VALUES (?, ?, ?, ?, ?)", rows)
    connection.execute("COMMIT")


def logged(calls: list[dict[str, float]], path: Path) -> dict[str, float]:
    """Log through a run until all is stored."""
    with tracker.open(path) as store:
        run = store.start_run()
        times = []
        started = time.perf_counter()
        for step, metrics in enumerate(calls):
            before = time.perf_counter_ns()
            run.log(metrics, step)
            times.append(time.perf_counter_ns() - before)
        level = run.flush(600)
        seconds = time.perf_counter() - started
        run.end()
    if level != tracker.Level.STORED:
        raise SystemExit(f"only {level}")
    size = sum(file.stat().st_size for file in path.glob("tracker.db*"))
    times.sort()
    return {
        "run.log to stored, points/s": len(calls) * METRICS / seconds,
        "run.log call, median us": statistics.median(times) / 1000,
        "run.log call, p99.9 us": times[int(len(times) * 0.999)] / 1000,
        "bytes a point": size / (len(calls) * METRICS),
    }


def bare_write(calls: list[dict[str, float]], path: Path) -> float:
    """Time the least that an append to a log can cost; return the median in microseconds."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    times = []
    for step, metrics in enumerate(calls):
        before = time.perf_counter_ns()
        os.write(file, orjson.dumps(("metrics", "run", step, 0, metrics)))
        times.append(time.perf_counter_ns() - before)
    os.close(file)
    return statistics.median(times) / 1000


if __name__ == "__main__":
    main()
