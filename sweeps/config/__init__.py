"""Sweep files: text to a checked description, and a description to a trial's command."""

from __future__ import annotations

from .command import DEFAULT_COMMAND, expand
from .early_terminate import EarlyTerminate
from .execution import Execution
from .files import load, read
from .interface import Document
from .mapping import from_mapping
from .metric import Impute, Metric
from .pruner import Asha, HyperbandRule, Median, Patience, Percentile, PrunerRule, Threshold
from .remarks import remarks
from .resources import Resources
from .retries import Retries
from .schema import json_schema
from .stop import Plateau, Stop
from .sweep_config import SweepConfig

__all__ = [
    "DEFAULT_COMMAND",
    "Asha",
    "Document",
    "EarlyTerminate",
    "Execution",
    "HyperbandRule",
    "Impute",
    "Median",
    "Metric",
    "Patience",
    "Percentile",
    "Plateau",
    "PrunerRule",
    "Resources",
    "Retries",
    "Stop",
    "SweepConfig",
    "Threshold",
    "expand",
    "from_mapping",
    "json_schema",
    "load",
    "read",
    "remarks",
]
