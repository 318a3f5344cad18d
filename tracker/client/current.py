"""The run that a script logs into: the innermost open one, or the one that the environment names."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from ..errors import InvalidInput
from .attachment import attach
from .blocking import open_tracker
from .run import Run, entered
from .values import token_of
from .watching import Mail

RUN_VARIABLE = "TRACKER_RUN_ID"
EXPERIMENT_VARIABLE = "TRACKER_EXPERIMENT"
WATCH_VARIABLE = "TRACKER_WATCH"
TOKEN_VARIABLE = "TRACKER_RUN_TOKEN"  # noqa: S105  # no secret


def current_run() -> Run:
    """Return the run to log into.

    That is the run of the innermost `with` block around the call; else the one that the environment names, as in a
    trial's script; else, so that the same script runs by hand too, a new one in the default store, named after the
    script and ended with it.

    Of a run that the environment names, each log of metrics is told to the datagram socket at `TRACKER_WATCH`, if that
    is set, as one JSON object {"run_id", "token", "step", "metrics"}, if it can be at once; of a batch its last row.
    `TRACKER_RUN_TOKEN` is the token that is written with, as in `attach`.

    Raises:
        InvalidInput: the token is no whole number from 0 on.
    """
    return entered.get() or _of_process()


def _of_process() -> Run:
    run = _process_runs.get(os.getpid())
    if run is None:
        run_id = os.environ.get(RUN_VARIABLE)
        run = _of_environment(run_id, os.environ) if run_id else _by_hand()
        _process_runs[os.getpid()] = run
    return run


def _of_environment(run_id: str, environ: Mapping[str, str]) -> Run:
    token, path = _token(environ.get(TOKEN_VARIABLE, "")), environ.get(WATCH_VARIABLE)
    watch = Mail(path, token) if path else None
    return attach(watch=watch, token=token).run(run_id, environ.get(EXPERIMENT_VARIABLE, ""))


def _token(text: str) -> int:
    try:
        return token_of(int(text or "0"))
    except ValueError:
        raise InvalidInput(f"{TOKEN_VARIABLE} is a whole number, not {text!r}") from None


def _by_hand() -> Run:
    tracker = open_tracker()
    run = tracker.start_run(name=Path(sys.argv[0]).stem or None)
    tracker.before_close(run.end)
    return run


# By process: what a fork inherits belongs to its parent.
_process_runs: dict[int, Run] = {}
