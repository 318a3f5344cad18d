"""The one task group: launches trials, listens to them, ends them."""

from __future__ import annotations

from .attempting import Limits
from .conductor import Conductor, Launch
from .events import Event, SweepEnded, SweepInterrupted, SweepStarted, TrialEnded, TrialReported, TrialStarted
from .ledger import Ledger, catch_up
from .scheduler import Scheduler

__all__ = [
    "Conductor",
    "Event",
    "Launch",
    "Ledger",
    "Limits",
    "Scheduler",
    "SweepEnded",
    "SweepInterrupted",
    "SweepStarted",
    "TrialEnded",
    "TrialReported",
    "TrialStarted",
    "catch_up",
]
