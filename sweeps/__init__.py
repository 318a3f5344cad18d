"""Hyperparameter sweeps: parallel trials as child runs, and the best checkpoint out of them.

sweep = sweeps.Sweep(train, parameters={"lr": {"min": 1e-4, "max": 0.1}}, metric="loss", run_cap=20)
result = sweeps.run(sweep, parallel=4)
result.best().download("best/")
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .errors import (
        InvalidSweep,
        MetricNeverLogged,
        NoTrialSucceeded,
        SpaceChanged,
        SweepError,
        SweepNotFound,
        SweepRunning,
        TargetNotFound,
        TrialPruned,
    )
    from .executors import AsyncTrial, Trial
    from .result import SweepResult
    from .resuming import resume, resume_async
    from .running import run, run_async
    from .scheduler import (
        Event,
        SweepEnded,
        SweepInterrupted,
        SweepStarted,
        TrialEnded,
        TrialReported,
        TrialStarted,
    )
    from .streaming import stream
    from .study import TrialResult
    from .sweep import Sweep
    from .trial import TrialState
    from .trials import Trials

__version__ = "0.1.0"

__all__ = [
    "AsyncTrial",
    "Event",
    "InvalidSweep",
    "MetricNeverLogged",
    "NoTrialSucceeded",
    "SpaceChanged",
    "Sweep",
    "SweepEnded",
    "SweepError",
    "SweepInterrupted",
    "SweepNotFound",
    "SweepResult",
    "SweepRunning",
    "SweepStarted",
    "TargetNotFound",
    "Trial",
    "TrialEnded",
    "TrialPruned",
    "TrialReported",
    "TrialResult",
    "TrialStarted",
    "TrialState",
    "Trials",
    "resume",
    "resume_async",
    "run",
    "run_async",
    "stream",
]

# Names are loaded when they are first asked for, so that importing costs next to nothing.
_ROOMS = {
    **dict.fromkeys(("InvalidSweep", "MetricNeverLogged", "NoTrialSucceeded", "SpaceChanged", "SweepError"), "errors"),
    **dict.fromkeys(("SweepNotFound", "SweepRunning", "TargetNotFound", "TrialPruned"), "errors"),
    **dict.fromkeys(("AsyncTrial", "Trial"), "executors"),
    **dict.fromkeys(("resume", "resume_async"), "resuming"),
    **dict.fromkeys(("run", "run_async"), "running"),
    **dict.fromkeys(("Event", "SweepEnded", "SweepInterrupted", "SweepStarted"), "scheduler"),
    **dict.fromkeys(("TrialEnded", "TrialReported", "TrialStarted"), "scheduler"),
    "Sweep": "sweep",
    "SweepResult": "result",
    "TrialResult": "study",
    "stream": "streaming",
    "TrialState": "trial",
    "Trials": "trials",
}


def __getattr__(name: str) -> object:
    if name not in _ROOMS:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(import_module(f".{_ROOMS[name]}", __name__), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
