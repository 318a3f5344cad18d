"""Where trials run, by the names that users type."""

from __future__ import annotations

from importlib import import_module

from .handle import AsyncTrial, Trial
from .interface import Control, Executor
from .strays import end_attempts
from .target import CommandTarget, FunctionTarget, Target

__all__ = [
    "EXECUTORS",
    "AsyncTrial",
    "CommandTarget",
    "Control",
    "Executor",
    "FunctionTarget",
    "Target",
    "Trial",
    "end_attempts",
    "make_executor",
]

EXECUTORS = {
    "inline": "InlineExecutor",
    "threads": "ThreadsExecutor",
    "processes": "ProcessesExecutor",
    "command": "CommandExecutor",
}


def make_executor(name: str, target: Target, parallel: float) -> Executor:
    """Make the executor of that name for a target, with so many slots (which may be infinity)."""
    room = import_module(f".{name}", __name__)
    executor: Executor = getattr(room, EXECUTORS[name])(target, parallel)
    return executor
