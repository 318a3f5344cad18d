"""Four processes logging into one store at once: the sum of their points per second until all is stored.

Beside one process, in turns. Each logs the same number of points; the clock runs from the first call of any of them
until the last one's `flush` has returned.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import tracker

from .figures import Answer, at_least, compared
from .peers import work
from .programs import Facts, Failed, command, last_line, parse, surroundings
from .setting import Setting

METRICS = 10
PROCESSES = 4
FLUSH_SECONDS = 3600
READY = "ready"
TARGET = at_least(0.8, 1.5)


def answer(setting: Setting) -> Answer:
    """Let one process and four take turns."""
    one: list[float] = []
    four: list[float] = []
    for _ in range(setting.rounds):
        for count, rates in ((1, one), (PROCESSES, four)):
            with setting.room() as room:
                rates.append(together(count, setting.points, room))
    name = f"{PROCESSES} processes, {METRICS} a call, sum"
    return Answer([compared(name, "points/s", four, "one process", one, TARGET)], {"one": one, "four": four})


def together(count: int, points: int, folder: Path) -> float:
    """Start processes, let them begin together, and return points per second of all of them."""
    with ExitStack() as stack:
        started = [start(stack, "processes", points=points, folder=folder) for _ in range(count)]
        for process in started:
            heard(process)
        for process in started:
            tell(process)
        answers = [ended(process) for process in started]
    seconds = max(each["ended"] for each in answers) - min(each["started"] for each in answers)
    return float(sum(each["points"] for each in answers) / seconds)


def start(stack: ExitStack, module: str, **words: object) -> subprocess.Popen[str]:
    """Start a module of this package that waits to be told; what still runs at the end is killed."""
    process = subprocess.Popen(
        command(module, python=sys.executable, **words),
        env=surroundings({}),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    stack.enter_context(process)
    stack.callback(process.kill)
    return process


def heard(process: subprocess.Popen[str]) -> None:
    """Wait until a process is ready to log."""
    if process.stdout is None or process.stdout.readline().strip() != READY:
        raise Failed(f"a process did not start: {last_line(process.communicate()[1])}")


def tell(process: subprocess.Popen[str]) -> None:
    """Let a process begin."""
    if process.stdin is not None:
        process.stdin.write("\n")
        process.stdin.flush()


def ended(process: subprocess.Popen[str]) -> Facts:
    """Return a process's answer."""
    out, err = process.communicate()
    if process.returncode:
        raise Failed(f"a process ended with {process.returncode}: {last_line(err)}")
    return parse("a process", out)


def wait_to_be_told() -> None:
    """Say that this process is ready, and wait."""
    print(READY, flush=True)
    sys.stdin.readline()


def log_once_told(place: str | Path, calls: Sequence[Mapping[str, float]]) -> Facts:
    """Log calls, one a step, once told to; return when it began and when all was stored, on processes' common clock.

    Raises:
        SystemExit: not all is stored in time.
    """
    with tracker.open(place) as store, store.start_run() as run:
        wait_to_be_told()
        started = time.monotonic()
        for step, metrics in enumerate(calls):
            run.log(metrics, step)
        level = run.flush(FLUSH_SECONDS)
        ended_at = time.monotonic()
    if level != tracker.Level.STORED:
        raise SystemExit(f"after {FLUSH_SECONDS} s the points are only {level}")
    return {"started": started, "ended": ended_at, "points": sum(map(len, calls)), "run": run.run_id}


def main() -> None:
    """Log once told to, and tell of it."""
    asked = work.arguments(__doc__)
    work.answer(log_once_told(asked.folder, work.calls(max(1, asked.points // METRICS), METRICS)))


if __name__ == "__main__":
    main()
