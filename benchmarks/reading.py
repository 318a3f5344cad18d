"""Reading a long curve back: all of it, beside MLflow's client, and as 1000 buckets.

MLflow reads a curve of a twentieth of the length, and one of a fifth of that: its rate does not depend on the length
(both are kept with the figures), and writing a long one would take it minutes.
"""

from __future__ import annotations

import inspect
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, cast

import tracker

from .environments import QUIET
from .figures import Answer, Figure, at_least, at_most
from .peers import work
from .programs import Facts, Failed, run
from .setting import Setting

KEY = work.KEYS[0]
BUCKETS = 1000
MLFLOW_SHARE = 0.05
RATE = at_least(100, 500)
MILLISECONDS = at_most(30, 5)
READER = "MLflow's client"


class ReadBuckets(Protocol):
    """Read a curve as so many buckets."""

    def __call__(self, run_id: str, key: str, *, points: int) -> object:
        """Read `points` buckets."""


def answer(setting: Setting) -> Answer:
    """Read ours, and let MLflow read its own."""
    with setting.room() as room:
        ours = run("reading", points=setting.points, rounds=max(3, setting.rounds), folder=room)
    rate, length = statistics.median(ours["rates"]), ours["points"]
    theirs = mlflow(setting)
    other = statistics.median(theirs["rates"][str(theirs["points"])]) if "rates" in theirs else None
    ratio, note = other and rate / other, theirs.get("missing", "")
    buckets = f"{BUCKETS} buckets of {length:,} points"
    return Answer(
        [
            Figure(f"reading {length:,} points", "points/s", rate, RATE, READER, other, ratio, note),
            Figure(buckets, "ms", ours.get("buckets ms"), MILLISECONDS, note=ours.get("missing", "")),
        ],
        {"ours": ours, "mlflow": theirs},
    )


def mlflow(setting: Setting) -> Facts:
    """Return the points per second of MLflow's readings, by the length of the curve, or why there are none."""
    if setting.peers is None:
        return {"missing": "peers were left out"}
    points = max(10, int(setting.points * MLFLOW_SHARE))
    try:
        python = setting.peers.python("mlflow")
        with setting.room() as room:
            found = run(
                "peers.read_with_mlflow",
                python=python,
                environment={**QUIET, "HOME": str(room)},
                points=points,
                rounds=max(3, setting.rounds),
                folder=room,
            )
    except Failed as error:
        setting.say(f"  {READER}: not measured: {error}")
        return {"missing": str(error)}
    return {"points": points, **found}


def main() -> None:
    """Write a curve, open the store anew, and read it."""
    asked = work.arguments(__doc__)
    run_id = write(asked.folder, asked.points)
    with tracker.open(asked.folder) as store:
        work.answer({"points": asked.points, **read(store, run_id, asked.points, asked.rounds)})


def write(folder: Path, points: int) -> str:
    """Log a curve, one point a call; return its run."""
    with tracker.open(folder) as store, store.start_run() as run:
        for step, metrics in enumerate(work.calls(points, 1)):
            run.log(metrics, step)
        return run.run_id


def read(store: tracker.Tracker, run_id: str, points: int, rounds: int) -> Facts:
    """Time reading all of the curve, and its buckets where this version has them."""
    times = [seconds(lambda: check(store.metric_history(run_id, KEY), points)) for _ in range(rounds)]
    facts: Facts = {"rates": [points / each for each in times]}
    if "points" not in inspect.signature(store.metric_history).parameters:
        return {**facts, "missing": "this version has no metric_history(…, points=…)"}
    read_buckets = cast("ReadBuckets", store.metric_history)
    waits = [1000 * seconds(lambda: read_buckets(run_id, KEY, points=BUCKETS)) for _ in range(rounds)]
    return {**facts, "every buckets ms": waits, "buckets ms": statistics.median(waits)}


def seconds(work_: Callable[[], object]) -> float:
    """Time one call."""
    started = time.perf_counter()
    work_()
    return time.perf_counter() - started


def check(history: tracker.History, points: int) -> None:
    """Refuse a curve that is not whole."""
    if len(history.values) != points:
        raise SystemExit(f"{len(history.values)} of {points} points were read")


if __name__ == "__main__":
    main()
