"""Sweep files: text to a checked description, and a description to a trial's command."""

from __future__ import annotations

from .command import DEFAULT_COMMAND, expand
from .early_terminate import EarlyTerminate
from .execution import Execution
from .files import read
from .mapping import from_mapping
from .metric import Metric
from .sweep_config import SweepConfig

__all__ = [
    "DEFAULT_COMMAND",
    "EarlyTerminate",
    "Execution",
    "Metric",
    "SweepConfig",
    "expand",
    "from_mapping",
    "read",
]
