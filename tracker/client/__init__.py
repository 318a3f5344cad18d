"""What programs hold: an open store, runs, logged models."""

from __future__ import annotations

from .attachment import Attachment, attach
from .blocking import Tracker, open_tracker
from .current import current_run
from .model import AsyncLoggedModel, LoggedModel
from .rank import RankedModels, RankOptions
from .registered import AsyncRegistry, Registry
from .registering import CarriedOut
from .registry import KeepPlan
from .run import AsyncRun, Run
from .tracker import AsyncTracker, connect

__all__ = [
    "AsyncLoggedModel",
    "AsyncRegistry",
    "AsyncRun",
    "AsyncTracker",
    "Attachment",
    "CarriedOut",
    "KeepPlan",
    "LoggedModel",
    "RankOptions",
    "RankedModels",
    "Registry",
    "Run",
    "Tracker",
    "attach",
    "connect",
    "current_run",
    "open_tracker",
]
