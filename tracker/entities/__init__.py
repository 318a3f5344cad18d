"""What a store holds, as frozen dataclasses without behaviour that reaches outside them."""

from __future__ import annotations

from .artifact import File
from .dataset import DatasetInfo, DatasetRef
from .experiment import Experiment
from .lazy import Lazy
from .level import Level
from .metric import Buckets, Histories, History, Measurement, MetricSummary
from .model import ModelInfo, ModelStatus
from .number import number_in
from .registry import ModelVersion, RegisteredModel, Stage
from .run import RunInfo, RunLinks, RunStatus

__all__ = [
    "Buckets",
    "DatasetInfo",
    "DatasetRef",
    "Experiment",
    "File",
    "Histories",
    "History",
    "Lazy",
    "Level",
    "Measurement",
    "MetricSummary",
    "ModelInfo",
    "ModelStatus",
    "ModelVersion",
    "RegisteredModel",
    "RunInfo",
    "RunLinks",
    "RunStatus",
    "Stage",
    "number_in",
]
