"""Log with MLflow's client into a SQLite file: a commit for each call, or (mode `thousands`) for each 1000 points.

Its queued logging (`synchronous=False`) was tried and left out: it was slower than a commit for each call.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import mlflow  # type: ignore[import-not-found, unused-ignore]
from mlflow.entities import Metric  # type: ignore[import-not-found, unused-ignore]

from .work import KEYS, Call, Logged, Work, now_ms, report, size

# The most that one call of MLflow's takes.
BATCH = 1000


def log(work: Work) -> Logged:
    """Log until the last batch is committed."""
    client = mlflow.MlflowClient(f"sqlite:///{work.folder}/mlflow.db")
    run_id = client.create_run(client.create_experiment("benchmark")).info.run_id
    calls, empty = work.calls(), size(work.folder)
    started = time.perf_counter()
    for batch in batches(calls, BATCH if work.mode == "thousands" else work.metrics):
        client.log_batch(run_id, metrics=batch)
    seconds = time.perf_counter() - started
    kept = sum(len(client.get_metric_history(run_id, key)) for key in KEYS[: work.metrics])
    return Logged(seconds, "committed with FULL", mlflow.__version__, empty, kept)


def batches(calls: list[Call], length: int) -> Iterator[list[Metric]]:
    """Yield MLflow's own objects, so many at a time and stamped when they are made."""
    batch: list[Metric] = []
    for step, metrics in enumerate(calls):
        timestamp = now_ms()
        batch += [Metric(key, value, timestamp, step) for key, value in metrics.items()]
        if len(batch) >= length:
            yield batch
            batch = []
    if batch:
        yield batch


if __name__ == "__main__":
    report(log)
