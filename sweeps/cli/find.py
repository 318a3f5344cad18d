"""Find the sweep that a user names."""

from __future__ import annotations

from tracker import RunInfo, Tracker

from ..errors import SweepNotFound
from ..study.record import SWEEPS


def find_sweep(tracker: Tracker, wanted: str) -> RunInfo:
    """Return the parent run of a sweep: by its run's ID, by its name (the newest of that name), or the `last` one.

    Raises:
        SweepNotFound: there is none; the message says which there are.
    """
    sweeps = all_sweeps(tracker)
    for sweep in sweeps:
        if wanted in {sweep.run_id, sweep.name, "last"}:
            return sweep
    raise SweepNotFound(wanted, (sweep.name for sweep in sweeps))


def all_sweeps(tracker: Tracker) -> list[RunInfo]:
    """Return the parent runs of all sweeps, the newest first."""
    return tracker.search_runs(filter_string=SWEEPS)
