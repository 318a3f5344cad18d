"""Bytes a point in the store after the run has ended: all files of the store, less those of an empty one.

Random: normally distributed doubles. Curves: losses that decay at ten rates, with noise of a hundredth of the value,
rounded to float32 and handed in as floats, as a training loop does; that noise alone is 2.4 bytes a point. Logged as
fast as it goes, many steps share a millisecond. So it is measured, too, with the steps 100 ms ± 5 ms apart.
"""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Protocol, cast

import numpy as np
from numpy.typing import NDArray

import tracker

from .figures import Answer, Figure, Target, at_most
from .peers import work
from .peers.work import KEYS
from .programs import Facts, run
from .setting import Setting

METRICS = 10
# Steps of one call of `log_batch`.
BATCH = 1000
NOISE = 0.01
STEP_MS, JITTER_MS = 100, 5
FIRST_MS = 1_700_000_000_000
KINDS: dict[str, tuple[str, Target | None]] = {
    "random": ("random doubles", at_most(10, 9)),
    "curves": ("smooth float32 curves", at_most(6, 3)),
    "random in time": ("random doubles, a step every 100 ms", None),
    "curves in time": ("smooth float32 curves, a step every 100 ms", None),
}

Columns = dict[str, NDArray[np.float64]]


class LogBatch(Protocol):
    """Log columns of one length, with a step and a time for each row."""

    def __call__(self, columns: Columns, steps: NDArray[np.int64], timestamps: NDArray[np.int64]) -> None:
        """Log."""


def answer(setting: Setting) -> Answer:
    """Fill a store with each kind."""
    figures, details = [], {}
    for kind, (name, target) in KINDS.items():
        with setting.room() as room:
            found = run("size", points=setting.points, folder=room, mode=kind)
        details[kind] = found
        note = found.get("missing", "")
        figures.append(Figure(name, "bytes a point", found.get("bytes a point"), target, note=note))
    return Answer(figures, dict(details))


def main() -> None:
    """Log columns, end the run, and weigh the store."""
    asked = work.arguments(__doc__)
    columns = make(asked.mode, max(1, asked.points // METRICS))
    work.answer(weighed(asked.folder, columns, in_time=asked.mode.endswith("in time")))


def make(kind: str, steps: int) -> Columns:
    """Return columns of so many values."""
    generator = np.random.default_rng(work.SEED)
    if kind.startswith("random"):
        return {key: generator.standard_normal(steps) for key in KEYS[:METRICS]}
    return {key: loss(generator, steps, rate) for rate, key in enumerate(KEYS[:METRICS], 1)}


def loss(generator: np.random.Generator, steps: int, rate: int) -> NDArray[np.float64]:
    """Return a loss that falls from 2.1 to 0.1, the sooner the higher the rate."""
    smooth = 2 * np.exp(-rate * np.arange(steps) / steps) + 0.1
    return (smooth * (1 + NOISE * generator.standard_normal(steps))).astype(np.float32).astype(np.float64)


def weighed(folder: Path, columns: Columns, *, in_time: bool) -> Facts:
    """Return the bytes a point that the store has grown by."""
    with tracker.open(folder):
        pass
    empty = work.size(folder)
    with tracker.open(folder) as store, store.start_run() as run:
        log_batch = cast("LogBatch | None", getattr(run, "log_batch", None))
        if not in_time:
            log(run, columns)
        elif log_batch is None or "timestamps" not in inspect.signature(log_batch).parameters:
            return {"missing": "this version has no log_batch(…, timestamps=…)"}
        else:
            log_in_time(log_batch, columns)
    points = sum(map(len, columns.values()))
    grown = work.size(folder) - empty
    return {"points": points, "bytes": grown, "bytes a point": grown / points}


def log(run: tracker.Run, columns: Columns) -> None:
    """Log row by row."""
    for step, values in enumerate(zip(*(column.tolist() for column in columns.values()), strict=True)):
        run.log(dict(zip(columns, values, strict=True)), step)


def log_in_time(log_batch: LogBatch, columns: Columns) -> None:
    """Log with the times of a training that makes a step every 100 ms or so."""
    count = len(next(iter(columns.values())))
    steps = np.arange(count)
    jitter = np.random.default_rng(work.SEED).integers(-JITTER_MS, JITTER_MS, count, endpoint=True)
    timestamps = FIRST_MS + STEP_MS * steps + jitter
    for first in range(0, count, BATCH):
        part = slice(first, first + BATCH)
        log_batch(
            {key: column[part] for key, column in columns.items()}, steps=steps[part], timestamps=timestamps[part]
        )


if __name__ == "__main__":
    main()
