"""A trial that tells of itself, in a function and as a script: it is killed, and must never be there twice.

It holds a lock for its number, so that two live attempts at one trial find out about each other; it leaves a process
behind that has left its session; and one whose parent has gone lingers, as a program that hangs would.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path

import sweeps
import tracker

STEPS = 5
# Between steps, in seconds, that there is time to be killed in from outside.
PAUSE = 0.01 if "SWEEPS_ATTEMPT" in os.environ else 0.0
# Where it says what it does, and where the locks are.
EVENTS, LOCKS = "CAMPAIGN_EVENTS", "CAMPAIGN_LOCKS"

Log = Callable[[Mapping[str, object], int], object]


def loss_of(params: Mapping[str, object], step: int) -> float:
    x, y = (float(str(params[name])) for name in ("x", "y"))
    return (x - 0.3) ** 2 + 0.1 * y + 0.5 / (step + 1 + 3 * x)


def work(number: int, attempt: int, params: Mapping[str, object], log: Log) -> None:
    parent = os.getppid()
    with ExitStack() as files:
        events = os.open(os.environ[EVENTS], os.O_WRONLY)
        files.callback(os.close, events)

        def say(word: str) -> None:
            os.write(events, f"{word} {number} {attempt} {os.getpid()}\n".encode())

        files.callback(say, "end")
        files.callback(os.close, lock(number, say))
        say("begin")
        print(f"attempt {attempt} at trial {number}", flush=True)  # noqa: T201  # what is kept of it is looked at
        if "SWEEPS_ATTEMPT" in os.environ:  # elsewhere nobody would end it
            subprocess.Popen(["/bin/sleep", "600"], start_new_session=True)
        for step in range(STEPS):
            log({"loss": loss_of(params, step), "attempt": attempt}, step)
            say("step")
            if os.getppid() != parent:
                signal.pause()
            time.sleep(PAUSE)


def lock(number: int, say: Callable[[str], None]) -> int:
    file = os.open(Path(os.environ[LOCKS], str(number)), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        say("twice")
    return file


def train(trial: sweeps.Trial) -> None:
    work(trial.number, trial.attempt, trial.params, trial.log)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--x", type=float)
    parser.add_argument("--y", type=int)
    of_environment = int(os.environ["SWEEPS_TRIAL"]), int(os.environ["TRACKER_RUN_TOKEN"])
    work(*of_environment, vars(parser.parse_args()), tracker.current_run().log)
