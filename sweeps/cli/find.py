"""Find the sweep that a user names."""

from __future__ import annotations

from tracker import RunInfo, Tracker

from ..study.lookup import named
from ..study.record import SWEEPS


def find_sweep(tracker: Tracker, wanted: str) -> RunInfo:
    """Return the parent run of a sweep, as `named` finds it.

    Raises:
        SweepNotFound: there is none; the message says which there are.
    """
    return named(all_sweeps(tracker), wanted)


def all_sweeps(tracker: Tracker) -> list[RunInfo]:
    """Return the parent runs of all sweeps, the newest first."""
    return tracker.search_runs(filter_string=SWEEPS)
