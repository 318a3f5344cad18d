"""The one task group: launches trials, listens to them, ends them."""

from __future__ import annotations

from .events import Event, SweepEnded, SweepInterrupted, SweepStarted, TrialEnded, TrialReported, TrialStarted
from .scheduler import Limits, Scheduler

__all__ = [
    "Event",
    "Limits",
    "Scheduler",
    "SweepEnded",
    "SweepInterrupted",
    "SweepStarted",
    "TrialEnded",
    "TrialReported",
    "TrialStarted",
]
