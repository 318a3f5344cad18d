"""How long a `log()` call takes, while the writer commits, beside the least that an append to a log can cost.

That is `orjson.dumps` and `os.write` of the same record, with the time and the name of the run already at hand. Calls
of one kind and the other take turns; the writer rests while the bare appends are timed.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np
import orjson

import tracker

from .figures import Answer, Figure, at_most, compared
from .peers import work
from .peers.work import Call
from .programs import Facts, run
from .setting import Setting

METRICS = 10
FLUSH_SECONDS = 600
MEDIAN = at_most(2, 1.2)
SLOWEST = at_most(50, 10)


def answer(setting: Setting) -> Answer:
    """Time calls in a process of its own."""
    with setting.room() as room:
        found = run("log_call", points=setting.points, rounds=setting.rounds, folder=room)
    every, median = found["all"], found["all"]["median"]
    bare = "orjson.dumps + os.write"
    ours, theirs = ([times["median"] for times in found[kind]] for kind in ("log", "bare"))
    slow = every["p99.9"]
    return Answer(
        [
            compared("log() call, median", "us", ours, bare, theirs, MEDIAN),
            Figure("log() call, p99.9", "us", slow, SLOWEST, "its median", median, slow / median),
        ],
        found,
    )


def main() -> None:
    """Time calls, a round of ours and a round of bare ones in turn."""
    asked = work.arguments(__doc__)
    calls = work.calls(max(1, asked.points // METRICS), METRICS)
    work.answer(timed(asked.folder, calls, asked.rounds))


def timed(folder: Path, calls: list[Call], rounds: int) -> Facts:
    """Return the distribution of the calls' microseconds: of each round, and of all of ours."""
    ours, bare = [], []
    with tracker.open(folder / "store") as store, (folder / "bare").open("ab", buffering=0) as file:
        run = store.start_run()
        for number in range(rounds):
            ours.append(time_log(run, calls, number * len(calls)))
            level = run.flush(FLUSH_SECONDS)
            if level != tracker.Level.STORED:
                raise SystemExit(f"after {FLUSH_SECONDS} s the points are only {level}")
            bare.append(time_bare(file.fileno(), calls, run.run_id))
    return {
        "log": [distribution(times) for times in ours],
        "bare": [distribution(times) for times in bare],
        "all": distribution([each for times in ours for each in times]),
    }


def time_log(run: tracker.Run, calls: list[Call], first: int) -> list[int]:
    """Return the nanoseconds of each call."""
    times = []
    for step, metrics in enumerate(calls, first):
        before = time.perf_counter_ns()
        run.log(metrics, step)
        times.append(time.perf_counter_ns() - before)
    return times


def time_bare(file: int, calls: list[Call], run_id: str) -> list[int]:
    """Return the nanoseconds of each bare append."""
    times, timestamp = [], work.now_ms()
    for step, metrics in enumerate(calls):
        before = time.perf_counter_ns()
        os.write(file, orjson.dumps(("metrics", run_id, step, timestamp, metrics)))
        times.append(time.perf_counter_ns() - before)
    return times


def distribution(nanoseconds: list[int]) -> dict[str, float]:
    """Return what calls took, in microseconds."""
    places = {"median": 50.0, "p90": 90.0, "p99": 99.0, "p99.9": 99.9, "p99.99": 99.99, "max": 100.0}
    values = np.percentile(nanoseconds, list(places.values())) / 1000
    return {"calls": len(nanoseconds), **dict(zip(places, values.tolist(), strict=True))}


if __name__ == "__main__":
    main()
