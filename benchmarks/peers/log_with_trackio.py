"""Log with Trackio, locally: into its SQLite file, or (mode `inbox`) as JSON lines that its server would import later.

Its folder is `$TRACKIO_DIR`, and the mode `$TRACKIO_STORAGE_MODE`; Trackio reads both when it is imported.
"""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import closing
from pathlib import Path

from .work import KEYS, Logged, Work, report, size


def log(work: Work) -> Logged:
    """Log until the run is finished, which must be within the 30 seconds that Trackio waits for its thread."""
    os.environ["TRACKIO_DIR"] = str(work.folder)
    os.environ["TRACKIO_STORAGE_MODE"] = "jsonl" if work.mode == "inbox" else "sqlite"
    import trackio  # type: ignore[import-not-found, unused-ignore]

    trackio.init("benchmark", embed=False, auto_log_gpu=False, auto_log_cpu=False)
    calls, empty = work.calls(), size(work.folder)
    started = time.perf_counter()
    for step, metrics in enumerate(calls):
        trackio.log(metrics, step=step)
    trackio.finish()
    seconds = time.perf_counter() - started
    durable = "file closed, not synced, not yet in its store" if work.mode == "inbox" else "committed with NORMAL"
    return Logged(
        seconds, durable, trackio.__version__, empty, kept(work.folder, KEYS[work.metrics - 1]) * work.metrics
    )


def kept(folder: Path, key: str) -> int:
    """Count the calls that logged this key, in the store or, where there is none, in the inbox."""
    lines = sum(path.read_bytes().count(f'"{key}":'.encode()) for path in folder.glob("inbox/*/*.jsonl"))
    for path in folder.glob("*.db"):
        with closing(sqlite3.connect(path)) as connection:
            query = "SELECT COUNT(*) FROM metrics WHERE json_extract(metrics, ?) IS NOT NULL"
            lines += connection.execute(query, (f"$.{key}",)).fetchone()[0]
    return lines


if __name__ == "__main__":
    report(log)
