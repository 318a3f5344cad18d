"""Log with this project's tracker, until `flush` has said that all is stored."""

from __future__ import annotations

import time

import tracker

from .work import KEYS, Logged, Work, report, size

FLUSH_SECONDS = 3600


def log(work: Work) -> Logged:
    """Log until all is committed."""
    with tracker.open(work.folder):
        pass
    empty = size(work.folder)
    with tracker.open(work.folder) as store:
        run, calls = store.start_run(), work.calls()
        started = time.perf_counter()
        for step, metrics in enumerate(calls):
            run.log(metrics, step)
        level = run.flush(FLUSH_SECONDS)
        seconds = time.perf_counter() - started
        if level != tracker.Level.STORED:
            raise SystemExit(f"after {FLUSH_SECONDS} s the points are only {level}")
        run.end()
        kept = sum(len(store.metric_history(run.run_id, key).values) for key in KEYS[: work.metrics])
    return Logged(seconds, "committed with FULL", tracker.__version__, empty, kept)


if __name__ == "__main__":
    report(log)
