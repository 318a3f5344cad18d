"""Find the sweep that a user names."""

from __future__ import annotations

from collections.abc import Sequence

from tracker import RunInfo

from ..errors import SweepNotFound

LAST = "last"


def named(sweeps: Sequence[RunInfo], wanted: str) -> RunInfo:
    """Return the parent run of a sweep, of all of them with the newest first.

    It is named by its run's ID, by its name (the newest of that name), or as the `last` one.

    Raises:
        SweepNotFound: there is none; the message says which there are.
    """
    for sweep in sweeps:
        if wanted in {sweep.run_id, sweep.name, LAST}:
            return sweep
    raise SweepNotFound(wanted, (sweep.name for sweep in sweeps))
