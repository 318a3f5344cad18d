"""Twenty runs that log 10 metrics at 10 Hz in one process: the CPU that the tracker takes beside the calls themselves.

The runs' calls are spread over the tenth of a second, so there is always something new. What is counted is the CPU of
the whole process, until all is stored and the store is closed, less that of the thread that logs and sleeps.
"""

from __future__ import annotations

import itertools
import os
import time

import tracker

from .figures import Answer, Figure, at_most
from .peers import work
from .programs import run
from .setting import Setting

METRICS = 10
RUNS = 20
HERTZ = 10
PERCENT = at_most(5, 1)


def answer(setting: Setting) -> Answer:
    """Log in a process of its own."""
    points = max(RUNS * METRICS, int(setting.seconds * RUNS * HERTZ) * METRICS)
    with setting.room() as room:
        found = run("twenty_runs", points=points, seconds=setting.seconds, folder=room)
    name = f"{RUNS} runs, {METRICS} metrics at {HERTZ} Hz: CPU of the writer"
    return Answer([Figure(name, "% of a core", found["percent"], PERCENT)], found)


def main() -> None:
    """Log in time, and tell what it took."""
    asked = work.arguments(__doc__)
    calls = work.calls(asked.points // METRICS, METRICS)
    with tracker.open(asked.folder) as store:
        runs = [store.start_run() for _ in range(RUNS)]
        started, thread, process = time.monotonic(), time.thread_time(), process_time()
        calls_took = log_in_time(runs, calls, asked.seconds)
        elapsed = time.monotonic() - started
    logging = time.thread_time() - thread
    whole = process_time() - process
    work.answer(
        {
            "percent": 100 * (whole - logging) / elapsed,
            "seconds": elapsed,
            "cpu of the process": whole,
            "cpu of the thread that logs": logging,
            "cpu of the calls": calls_took,
        },
    )


def log_in_time(runs: list[tracker.Run], calls: list[work.Call], seconds: float) -> float:
    """Let each run log in its turn, evenly over the time; return the CPU seconds of the calls themselves."""
    started, took = time.monotonic(), 0.0
    for number, (metrics, its_run) in enumerate(zip(calls, itertools.cycle(runs), strict=False)):
        time.sleep(max(0.0, started + seconds * number / len(calls) - time.monotonic()))
        before = time.thread_time()
        its_run.log(metrics, number // len(runs))
        took += time.thread_time() - before
    return took


def process_time() -> float:
    """Return the CPU seconds of this process and of those that it has started and that have ended."""
    return sum(os.times()[:4])


if __name__ == "__main__":
    main()
