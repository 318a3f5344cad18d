"""Logging into a large store: its points per second beside a small store's, and what memory filling it takes.

One run of ten metrics fills the large store; the small one has a hundredth of its points. Then the same points are
logged into one and the other in turns, until stored, a new small store for every turn, so that both meet the same
noise. Memory is what the process has resident, with all that it holds besides the tracker.
"""

from __future__ import annotations

import random
import resource
import statistics
import sys
import time
from pathlib import Path

import tracker

from .figures import Answer, Figure, at_least, at_most, compared
from .peers import work
from .peers.work import KEYS, Call
from .programs import run
from .setting import Setting

METRICS = 10
SMALLER = 100
SAMPLES = 100
FLUSH_SECONDS = 3600
RATE = at_least(0.9, 1.0)
MEGABYTES = at_most(200, 120)
# Whether it grows without end: what is taken once, on the way to the first half, was counted above.
GROWTH = at_most(1.1, 1.0)


def answer(setting: Setting) -> Answer:
    """Fill a large store in a process of its own."""
    with setting.room() as room:
        found = run("large_store", points=setting.large, rounds=setting.rounds, folder=room)
    title, small = f"log() to stored at {setting.large:,} points", f"at {setting.large // SMALLER:,}"
    memory = [megabytes for _, megabytes in found["memory"]]
    half, late = (
        statistics.median(part) for part in (memory[SAMPLES // 2 :][: SAMPLES // 10], memory[-SAMPLES // 10 :])
    )
    resident = f"resident memory while logging {setting.large:,}"
    return Answer(
        [
            compared(title, "points/s", found["large"], small, found["small"], RATE),
            Figure(resident, "MB at most", found["most"], MEGABYTES),
            Figure(f"{resident}, at the end", "MB", late, GROWTH, "half way", half, late / half),
        ],
        found,
    )


def main() -> None:
    """Fill a large store, watch the memory, and compare."""
    asked = work.arguments(__doc__)
    with tracker.open(asked.folder / "large") as store, store.start_run() as run:
        memory = fill(run, asked.points // METRICS)
        most = peak()
        store_it(run)
        small, large = turns(asked.folder, run, asked.points, asked.rounds)
    work.answer({"memory": memory, "most": most, "small": small, "large": large})


def fill(run: tracker.Run, steps: int) -> list[tuple[int, float]]:
    """Log so many steps; return points and resident megabytes at a hundred places on the way."""
    draw = random.Random(work.SEED).gauss  # noqa: S311  # figures, no secrets
    keys, memory = KEYS[:METRICS], []
    for part in range(SAMPLES):
        for step in range(part * steps // SAMPLES, (part + 1) * steps // SAMPLES):
            run.log({key: draw() for key in keys}, step)
        memory.append(((part + 1) * steps // SAMPLES * METRICS, resident()))
    return memory


def turns(folder: Path, run: tracker.Run, points: int, rounds: int) -> tuple[list[float], list[float]]:
    """Return points per second into small stores and into the large one."""
    small, large = [], []
    calls = work.calls(max(1, points // SMALLER // METRICS), METRICS)
    for turn in range(rounds):
        with tracker.open(folder / f"small-{turn}") as store, store.start_run() as other:
            rate(other, calls, 0)
            small.append(rate(other, calls, len(calls)))
        large.append(rate(run, calls, points // METRICS + turn * len(calls)))
    return small, large


def rate(run: tracker.Run, calls: list[Call], first: int) -> float:
    """Return points per second until stored."""
    started = time.perf_counter()
    for step, metrics in enumerate(calls, first):
        run.log(metrics, step)
    store_it(run)
    return len(calls) * METRICS / (time.perf_counter() - started)


def store_it(run: tracker.Run) -> None:
    """Wait until all is stored."""
    level = run.flush(FLUSH_SECONDS)
    if level != tracker.Level.STORED:
        raise SystemExit(f"after {FLUSH_SECONDS} s the points are only {level}")


def resident() -> float:
    """Return the megabytes that this process has in memory, or had at most where the system tells only that."""
    return status("VmRSS") or peak()


def peak() -> float:
    """Return the megabytes that this process had in memory at most."""
    unit = 1 if sys.platform == "darwin" else 1024
    return status("VmHWM") or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def status(name: str) -> float:
    """Return a size that Linux tells of this process, in megabytes; 0 elsewhere."""
    path = Path("/proc/self/status")
    lines = path.read_text("utf-8").splitlines() if path.is_file() else []
    return next((int(line.split()[1]) * 1024 / 1e6 for line in lines if line.startswith(f"{name}:")), 0.0)


if __name__ == "__main__":
    main()
