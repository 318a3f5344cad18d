"""What the trials do that are measured; they note times on the clock that processes share, in a file for each process.

A note is a line of numbers in the folder that an environment variable names: nothing waits for a disk.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import sweeps
from sweeps.errors import TrialPruned

from ..peers import given_trial

NOTES = "BENCHMARK_NOTES"
SECONDS = "seconds"
# What a trial logs before it logs what it is stopped for.
GOOD, BAD, REPORTS = 0.0, 1.0, 3
PAUSE = 0.002

Parameters = dict[str, object]


def parameters(**constant: object) -> Parameters:
    """Return a space of one param beside those that are the same for all trials."""
    space: Parameters = {given_trial.PARAM: {"min": given_trial.LOWEST, "max": given_trial.HIGHEST}}
    return space | {name: {"value": value} for name, value in constant.items()}


def trivial(trial: sweeps.Trial) -> None:
    """Log ten metrics, and a checkpoint."""
    trial.log(given_trial.metrics(float(str(trial.params[given_trial.PARAM]))))
    trial.log_model(given_trial.CHECKPOINT, given_trial.save)


def curve(trial: sweeps.Trial) -> None:
    """Log ten steps of a metric, and note when it began."""
    note(trial.number, time.monotonic())
    value = float(str(trial.params[given_trial.PARAM]))
    for step in range(10):
        trial.log({given_trial.METRIC: value / (step + 1)}, step)


def timed(trial: sweeps.Trial) -> None:
    """Take a while, log ten metrics, and note when it began and ended."""
    began = time.monotonic()
    time.sleep(float(str(trial.params[SECONDS])))
    trial.log(given_trial.metrics(float(str(trial.params[given_trial.PARAM]))))
    note(began, time.monotonic())


def stopped(trial: sweeps.Trial) -> None:
    """Log until it is stopped, and note how long it took to hear that."""
    for step in range(REPORTS):
        time.sleep(PAUSE)
        trial.log({given_trial.METRIC: GOOD}, step)
    began = time.monotonic()
    try:
        trial.log({given_trial.METRIC: BAD}, REPORTS)
    except TrialPruned:
        note(began, time.monotonic())
        raise


def keep_notes(folder: Path) -> None:
    """Let the trials that this process starts note what they do in a new folder."""
    folder.mkdir()
    os.environ[NOTES] = str(folder)


def note(*numbers: float) -> None:
    """Write a line, if anybody wants to know."""
    if NOTES not in os.environ:
        return
    path = Path(os.environ[NOTES]) / str(os.getpid())
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.write(file, (" ".join(map(repr, numbers)) + "\n").encode())
    os.close(file)


def notes(folder: Path) -> Iterator[list[list[float]]]:
    """Yield the lines of each process, in order."""
    for path in sorted(folder.iterdir()):
        yield [list(map(float, line.split())) for line in path.read_text("utf-8").splitlines()]
