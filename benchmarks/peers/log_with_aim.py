"""Log with Aim into a local repository, all metrics of a step in one call, until `close` has returned.

Its undocumented tracking thread was left out: `close` does not wait for it, and points are lost.
"""

from __future__ import annotations

import time
from importlib.metadata import version

import aim  # type: ignore[import-not-found, unused-ignore]

from .work import Logged, Work, report, size

METRICS_ONLY = {"system_tracking_interval": None, "log_system_params": False, "capture_terminal_logs": False}


def log(work: Work) -> Logged:
    """Log until the run is closed and let go, which is when RocksDB writes out what it still has in memory."""
    run = aim.Run(repo=str(work.folder), **METRICS_ONLY)
    run_hash, calls, empty = run.hash, work.calls(), size(work.folder)
    started = time.perf_counter()
    for step, metrics in enumerate(calls):
        run.track(metrics, step=step)
    run.close()
    del run
    seconds = time.perf_counter() - started
    again = aim.Run(run_hash, repo=str(work.folder), **METRICS_ONLY)
    kept = sum(metric.values.sparse_numpy()[0].size for metric in again.metrics())
    return Logged(seconds, "RocksDB flushed and synced", version("aim"), empty, kept)


if __name__ == "__main__":
    report(log)
