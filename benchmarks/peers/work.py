"""The work that everybody is given, and the line of JSON in which everybody reports.

    python -m benchmarks.peers.log_with_NAME --points N --metrics M --folder F [--mode MODE]

logs N points, M metrics a call, of steps 0…n-1 and the same random doubles for all, into the empty folder F. The clock
starts with the first call to log and stops when all of it is as durable as `durable` says: imports, opening and
starting a run are not counted. Standard library only: peers' environments have nothing of ours.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

SEED = 7
KEYS = [f"metric_{number}" for number in range(100)]

Call = dict[str, float]


@dataclass(frozen=True)
class Work:
    """What one program is asked to do: so many points in calls of so many metrics; modes are each program's own.

    Those that search are told how many models (or runs) there are, and perhaps of another folder beside the first;
    those that sweep how many trials.
    """

    points: int
    metrics: int
    folder: Path
    mode: str = ""
    rounds: int = 1
    seconds: float = 0.0
    models: int = 0
    trials: int = 0
    beside: Path | None = None

    def calls(self) -> list[Call]:
        """Return the metrics of each call, its step being its place: the same in every process."""
        return calls(self.points // self.metrics, self.metrics)


@dataclass(frozen=True)
class Logged:
    """What came of it: `seconds` from the first call until all was `durable`; `kept` is how many points were found."""

    seconds: float
    durable: str
    version: str
    empty_bytes: int
    kept: int


def calls(count: int, metrics: int) -> list[Call]:
    """Return so many calls' metrics: normally distributed doubles, whose bits no store can guess."""
    generator = random.Random(SEED)  # noqa: S311  # figures, no secrets
    return [{key: generator.gauss() for key in KEYS[:metrics]} for _ in range(count)]


def size(folder: Path) -> int:
    """Return the bytes of all files in a folder, without SQLite's index of its log: it holds nothing that is kept."""
    total = 0
    for path in folder.rglob("*"):
        with suppress(FileNotFoundError):
            total += path.stat().st_size if path.is_file() and not path.name.endswith("-shm") else 0
    return total


def now_ms() -> int:
    """Return the time of the day in milliseconds."""
    return time.time_ns() // 1_000_000


def arguments(description: str | None) -> Work:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--points", type=int, default=0)
    parser.add_argument("--metrics", type=int, default=10)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--mode", default="")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=0.0)
    parser.add_argument("--models", type=int, default=0)
    parser.add_argument("--trials", type=int, default=0)
    parser.add_argument("--beside", type=Path)
    return Work(**vars(parser.parse_args()))


def answer(facts: object) -> None:
    """Print what was found, as the last line."""
    print("\n" + json.dumps(facts), flush=True)


def report(log: Callable[[Work], Logged]) -> None:
    """Do the work that the command line asks for, and print what came of it, as the last line."""
    work = arguments(log.__doc__)
    logged = log(work)
    points = work.points // work.metrics * work.metrics
    if logged.kept != points:
        sys.exit(f"{logged.kept} of {points} points were kept")
    facts = {
        "points": points,
        "seconds": logged.seconds,
        "bytes": size(work.folder) - logged.empty_bytes,
        "durable": logged.durable,
        "version": logged.version,
    }
    answer(facts)
