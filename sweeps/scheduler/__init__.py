"""The one task group: launches trials, listens to them, ends them."""

from __future__ import annotations

from .events import Event, SweepEnded, SweepStarted, TrialEnded, TrialReported, TrialStarted
from .scheduler import Limits, Scheduler

__all__ = [
    "Event",
    "Limits",
    "Scheduler",
    "SweepEnded",
    "SweepStarted",
    "TrialEnded",
    "TrialReported",
    "TrialStarted",
]
