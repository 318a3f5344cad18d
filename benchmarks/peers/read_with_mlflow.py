"""Read a curve with MLflow's client, from a SQLite file that it has written: points per second of each reading."""

from __future__ import annotations

import time
from pathlib import Path

import mlflow  # type: ignore[import-not-found, unused-ignore]

from .log_with_mlflow import BATCH, batches
from .work import KEYS, answer, arguments, calls


def main() -> None:
    """Write a curve of so many points and one of a fifth of them, and read each several times."""
    asked = arguments(__doc__)
    answer({"version": mlflow.__version__, "rates": rates(asked.folder, asked.points, asked.rounds)})


def rates(folder: Path, points: int, rounds: int) -> dict[str, list[float]]:
    """Return points per second of each reading, by the curve's length."""
    client = mlflow.MlflowClient(f"sqlite:///{folder}/mlflow.db")
    run_id = client.create_run(client.create_experiment("benchmark")).info.run_id
    found = {}
    for number, length in enumerate((points // 5, points)):
        key = KEYS[number]
        renamed = [dict.fromkeys([key], value) for call in calls(length, 1) for value in call.values()]
        for batch in batches(renamed, BATCH):
            client.log_batch(run_id, metrics=batch)
        found[str(length)] = [rate(client, run_id, key, length) for _ in range(rounds)]
    return found


def rate(client: mlflow.MlflowClient, run_id: str, key: str, length: int) -> float:
    """Read a curve once."""
    started = time.perf_counter()
    history = client.get_metric_history(run_id, key)
    seconds = time.perf_counter() - started
    if len(history) != length:
        raise SystemExit(f"{len(history)} of {length} points were read")
    return length / seconds


if __name__ == "__main__":
    main()
