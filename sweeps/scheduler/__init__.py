"""The one task group: launches trials, listens to them, ends them."""

from __future__ import annotations

from .events import Event, SweepEnded, SweepInterrupted, SweepStarted, TrialEnded, TrialReported, TrialStarted
from .conductor import Conductor, Launch
from .ledger import Ledger, catch_up
from .scheduler import Limits, Scheduler

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
