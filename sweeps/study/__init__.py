"""The search as a pure object: ask, report, tell; and how its state is kept."""

from __future__ import annotations

from .record import SweepRecord, TrialResult, goal_of, sweep_tags
from .study import Study, Suggestion

__all__ = ["Study", "Suggestion", "SweepRecord", "TrialResult", "goal_of", "sweep_tags"]
