"""The run that a script logs into: the innermost open one, or the one that the environment names."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from .attachment import attach
from .blocking import open_tracker
from .run import Run, entered

RUN_VARIABLE = "TRACKER_RUN_ID"
EXPERIMENT_VARIABLE = "TRACKER_EXPERIMENT"


def current_run() -> Run:
    """Return the run to log into.

    That is the run of the innermost `with` block around the call; else the one that the environment names, as in a
    trial's script; else, so that the same script runs by hand too, a new one in the default store, named after the
    script and ended with it.
    """
    return entered.get() or _of_process()


def _of_process() -> Run:
    run = _process_runs.get(os.getpid())
    if run is None:
        run_id = os.environ.get(RUN_VARIABLE)
        run = attach().run(run_id, os.environ.get(EXPERIMENT_VARIABLE, "")) if run_id else _by_hand()
        _process_runs[os.getpid()] = run
    return run


def _by_hand() -> Run:
    tracker = open_tracker()
    run = tracker.start_run(name=Path(sys.argv[0]).stem or None)
    tracker.before_close(run.end)
    return run


# By process: what a fork inherits belongs to its parent.
_process_runs: dict[int, Run] = {}
