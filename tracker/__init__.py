"""Experiment tracking: runs, streamed metrics, logged models and their ranking, in one local store.

with tracker.open("my-store") as t, t.start_run("digits", params={"lr": 0.1}) as run:
    run.log({"loss": 0.3}, step=1)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .client import (
        AsyncLoggedModel,
        AsyncRegistry,
        AsyncRun,
        AsyncTracker,
        Attachment,
        CarriedOut,
        KeepPlan,
        LoggedModel,
        RankedModels,
        RankOptions,
        Registry,
        Run,
        Tracker,
        attach,
        connect,
        current_run,
    )
    from .client import open_tracker as open  # the public word
    from .digest import Dataset
    from .entities import (
        Buckets,
        DatasetInfo,
        DatasetRef,
        Experiment,
        Histories,
        History,
        Level,
        Measurement,
        MetricSummary,
        ModelInfo,
        ModelStatus,
        ModelVersion,
        RegisteredModel,
        RunInfo,
        RunStatus,
        Stage,
    )
    from .errors import TrackerError
    from .filter import goal_tag
    from .ranking import Decision, FrontOf, LastOf, Promotion, TopOf
    from .tables import Page

__version__ = "0.1.0"

__all__ = [
    "AsyncLoggedModel",
    "AsyncRegistry",
    "AsyncRun",
    "AsyncTracker",
    "Attachment",
    "Buckets",
    "CarriedOut",
    "Dataset",
    "DatasetInfo",
    "DatasetRef",
    "Decision",
    "Experiment",
    "FrontOf",
    "Histories",
    "History",
    "KeepPlan",
    "LastOf",
    "Level",
    "LoggedModel",
    "Measurement",
    "MetricSummary",
    "ModelInfo",
    "ModelStatus",
    "ModelVersion",
    "Page",
    "Promotion",
    "RankOptions",
    "RankedModels",
    "RegisteredModel",
    "Registry",
    "Run",
    "RunInfo",
    "RunStatus",
    "Stage",
    "TopOf",
    "Tracker",
    "TrackerError",
    "attach",
    "connect",
    "current_run",
    "goal_tag",
    "open",
]

# Names are loaded when they are first asked for: the rooms behind them load NumPy and aiosqlite.
_ROOMS = {
    **dict.fromkeys(("AsyncLoggedModel", "AsyncRun", "AsyncTracker", "Attachment", "LoggedModel"), "client"),
    **dict.fromkeys(("AsyncRegistry", "RankOptions", "RankedModels", "Registry", "Run", "Tracker"), "client"),
    **dict.fromkeys(("attach", "connect", "current_run", "open"), "client"),
    **dict.fromkeys(("Decision", "FrontOf", "LastOf", "Promotion", "TopOf"), "ranking"),
    **dict.fromkeys(("CarriedOut", "KeepPlan"), "client"),
    "Dataset": "digest",
    "goal_tag": "filter",
    "Page": "tables",
    "TrackerError": "errors",
}
_RENAMED = {"open": "open_tracker"}


def __getattr__(name: str) -> object:
    if name not in __all__:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    room = import_module(f".{_ROOMS.get(name, 'entities')}", __name__)
    return getattr(room, _RENAMED.get(name, name))


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
