"""Hyperparameter sweeps: parallel trials as child runs, and the best checkpoint out of them.

sweep = sweeps.Sweep(train, parameters={"lr": {"min": 1e-4, "max": 0.1}}, metric="loss", run_cap=20)
result = sweeps.run(sweep, parallel=4)
result.best().download("best/")
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .errors import InvalidSweep, SweepError, TrialPruned
    from .executors import AsyncTrial, Trial
    from .study import TrialResult
    from .sweep import Sweep, SweepResult, run, run_async
    from .trial import TrialState

__version__ = "0.1.0"

__all__ = [
    "AsyncTrial",
    "InvalidSweep",
    "Sweep",
    "SweepError",
    "SweepResult",
    "Trial",
    "TrialPruned",
    "TrialResult",
    "TrialState",
    "run",
    "run_async",
]

# Names are loaded when they are first asked for, so that importing costs next to nothing.
_ROOMS = {
    **dict.fromkeys(("InvalidSweep", "SweepError", "TrialPruned"), "errors"),
    **dict.fromkeys(("AsyncTrial", "Trial"), "executors"),
    **dict.fromkeys(("Sweep", "SweepResult", "run", "run_async"), "sweep"),
    "TrialResult": "study",
    "TrialState": "trial",
}


def __getattr__(name: str) -> object:
    if name not in _ROOMS:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(import_module(f".{_ROOMS[name]}", __name__), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
