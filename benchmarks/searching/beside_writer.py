"""Reading while another process logs at full rate, and logging while another process reads.

Three programs on a copy of the large store, of which two at most run at a time, in turns: the logger alone, the logger
beside the reader, the reader alone. The logger logs calls of ten metrics to a run as fast as it can, and every so many
calls the metrics of a model of its own on the dataset that is read; the clock runs until all is stored. The reader asks
for the five best models fifty times a second, each time when its time has come, and compares the answer.
"""

from __future__ import annotations

import shutil
import subprocess
import time
from contextlib import ExitStack
from pathlib import Path

import tracker

from ..figures import Answer, at_least, compared
from ..peers import work
from ..peers.given import Shape
from ..peers.work import KEYS
from ..processes import ended, heard, start, tell, wait_to_be_told
from ..programs import Facts
from ..setting import Setting
from . import stores
from .clock import milliseconds, require, spread
from .judge import Judge
from .model_points import created, store_it
from .stores import VALIDATION
from .top import METRIC, TOP, ids, search

LOG, READ = "log", "read"
METRICS = 10
HERTZ = 50
# The share of the time of the twenty runs that one turn takes.
SHARE = 1 / 6
# A model is measured once in so many calls: all of them are worse than those that are read.
SELDOM = 100
WORSE = -1.0
ENOUGH = 10**9
UNSLOWED = at_least(0.9, 1.0)


def answer(setting: Setting) -> Answer:
    """Let them take turns."""
    with setting.room() as room:
        folder = room / "store"
        shutil.copytree(stores.large(setting), folder)
        rounds = [turns(folder, setting) for _ in range(setting.rounds)]
    alone, beside = ([each[name][LOG]["rate"] for each in rounds] for name in (LOG, "both"))
    idle, busy = ([each[name][READ] for each in rounds] for name in (READ, "both"))
    title = f"top {TOP} of {setting.models:,} models"
    return Answer(
        [
            compared(f"log() to stored beside a reader at {HERTZ} Hz", "points/s", beside, "alone", alone, UNSLOWED),
            *(
                compared(
                    f"{title} beside a logger at full rate, {place}",
                    "ms",
                    [each[place] for each in busy],
                    "no logger",
                    [each[place] for each in idle],
                )
                for place in ("p50", "p99")
            ),
        ],
        {"rounds": rounds},
    )


def turns(folder: Path, setting: Setting) -> Facts:
    """Let the logger, both, and the reader have their turn; return what each reported."""
    words = {"folder": folder, "models": setting.models, "seconds": max(0.5, setting.seconds * SHARE)}
    return {
        LOG: together([LOG], words),
        "both": together([READ, LOG], words),
        READ: together([READ], words),
    }


def together(modes: list[str], words: Facts) -> Facts:
    """Start programs, let them begin together, and return what each reported."""
    with ExitStack() as stack:
        started: dict[str, subprocess.Popen[str]] = {
            mode: start(stack, "searching.beside_writer", mode=mode, **words) for mode in modes
        }
        for process in started.values():
            heard(process)
        for process in started.values():
            tell(process)
        return {mode: ended(process) for mode, process in started.items()}


def main() -> None:
    """Log, or read."""
    asked = work.arguments(__doc__)
    with tracker.open(asked.folder, create=False) as store:
        work.answer(log(store, asked.seconds) if asked.mode == LOG else read(store, asked.models, asked.seconds))


def log(store: tracker.Tracker, seconds: float) -> Facts:
    """Log for so many seconds; return points per second until all is stored."""
    calls = work.calls(SELDOM, METRICS)
    with store.start_run() as run:
        models = created(store, ENOUGH)
        wait_to_be_told()
        started, points = time.perf_counter(), 0
        while time.perf_counter() < started + seconds:
            for step, metrics in enumerate(calls, points):
                run.log(metrics, step)
            next(models).log({METRIC: WORSE, **dict.fromkeys(KEYS[: METRICS - 1], WORSE)}, dataset=VALIDATION)
            points += (len(calls) + 1) * METRICS
        store_it(store)
        return {"points": points, "rate": points / (time.perf_counter() - started)}


def read(store: tracker.Tracker, models: int, seconds: float) -> Facts:
    """Read for so many seconds; return how long that took each time."""
    right = Judge(Shape(models)).top(METRIC, TOP)
    require(ids(search(store)), right, "before the logger")
    wait_to_be_told()
    started, took = time.perf_counter(), []
    for number in range(int(seconds * HERTZ)):
        time.sleep(max(0.0, started + number / HERTZ - time.perf_counter()))
        each, found = milliseconds(lambda: search(store))
        took.append(each)
        require(ids(found), right, "beside the logger")
    return spread(took)


if __name__ == "__main__":
    main()
