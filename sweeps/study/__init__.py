"""The search as a pure object: ask, report, tell; and how its state is kept."""

from __future__ import annotations

from .record import SweepRecord, TrialResult, goal_of, is_trial, past_trial, sweep_tags
from .rules import Rules
from .study import Study
from .trials import Attempt, PastTrial, Verdict

__all__ = [
    "Attempt",
    "PastTrial",
    "Rules",
    "Study",
    "SweepRecord",
    "TrialResult",
    "Verdict",
    "goal_of",
    "is_trial",
    "past_trial",
    "sweep_tags",
]
