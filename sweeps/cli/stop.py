"""`sweeps stop`."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import tracker
from tracker import RunInfo, Tracker
from tracker.cli.manners import write_json

from ..errors import SweepNotRunning
from ..scheduler.lease import ask_to_stop, folder_of, holder
from .find import find_sweep
from .standing import Standing, standing_of

# How often is looked whether it has ended, in seconds.
_OFTEN = 0.1


def command(arguments: argparse.Namespace) -> None:
    """Ask whoever runs a sweep to end it, and wait until that is done.

    Raises:
        SweepNotRunning: nobody runs it.
    """
    with tracker.open(arguments.store, create=False) as store:
        parent = find_sweep(store, arguments.sweep)
        before = standing_of(store, parent)
        if before.pid is None:
            raise SweepNotRunning(before.record.name, before.says())
        say: Callable[[str], None] = (lambda _: None) if arguments.json else print
        say(_asked(before, at_once=arguments.now))
        ask_to_stop(folder_of(store.path, parent.run_id), at_once=arguments.now)
        if not arguments.no_wait:
            _wait(store, parent)
        after = standing_of(store, parent)
        if arguments.json:
            write_json(_mapping(after, before.pid))
        elif not arguments.no_wait:
            say(f"{after.progress().summary()}\n{after.says()}")


def _asked(standing: Standing, *, at_once: bool) -> str:
    process = f" (process {standing.pid})" if standing.pid else ""
    how = "trials are ended now" if at_once else "nothing new is launched, and trials end at their next log"
    return f"told sweep {standing.record.name!r}{process} to end: {how}"


def _wait(store: Tracker, parent: RunInfo) -> None:
    folder = folder_of(store.path, parent.run_id)
    while holder(folder) is not None:
        time.sleep(_OFTEN)


def _mapping(standing: Standing, pid: int) -> dict[str, object]:
    record = standing.record
    return {
        "sweep_id": record.sweep_id,
        "name": record.name,
        "pid": pid,
        "state": standing.state,
        "ended": standing.why,
    }
