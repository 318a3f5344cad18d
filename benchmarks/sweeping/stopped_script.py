"""A trial's script that logs until it is stopped, and notes how long it took to hear that."""

from __future__ import annotations

import os
import signal
import sys
import time
from types import FrameType

import tracker

from ..peers import given_trial
from .functions import BAD, GOOD, PAUSE, REPORTS, note

# In seconds.
PATIENCE = 30


def main() -> None:
    """Log as the function does that is stopped, and wait for SIGTERM; without it, end in error."""
    began = 0.0

    def hear(number: int, frame: FrameType | None) -> None:  # noqa: ARG001  # a handler's form
        note(began, time.monotonic())
        # At once: what was logged is in the journal, and the scheduler's to store.
        os._exit(0)

    signal.signal(signal.SIGTERM, hear)
    run = tracker.current_run()
    for step in range(REPORTS):
        time.sleep(PAUSE)
        run.log({given_trial.METRIC: GOOD}, step)
    began = time.monotonic()
    run.log({given_trial.METRIC: BAD}, REPORTS)
    time.sleep(PATIENCE)
    sys.exit("nobody has stopped this trial")


if __name__ == "__main__":
    main()
