"""Runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from .dataset import DatasetInfo
from .metric import MetricSummary


class RunStatus(StrEnum):
    """Where a run stands; MLflow's names."""

    SCHEDULED = "SCHEDULED"
    RUNNING = "RUNNING"
    FINISHED = "FINISHED"
    FAILED = "FAILED"
    KILLED = "KILLED"


@dataclass(frozen=True, slots=True)
class RunInfo:
    """A run as the store keeps it; times are milliseconds since the epoch.

    `metrics` holds each metric's latest value: that of the highest step, and of the latest time within it, of what the
    run logged and what its models were measured at, as in MLflow. `summaries` holds figures of the curves that
    `metric_history` gives: of what the run logged itself, or else of its models. `lifecycle_stage` is `active`, or
    `deleted`; `user_id` is empty where nobody said it.
    """

    run_id: str
    name: str
    experiment_id: str
    experiment: str
    parent_run_id: str | None
    status: RunStatus
    start_time: int
    end_time: int | None
    params: Mapping[str, object]
    tags: Mapping[str, str]
    metrics: Mapping[str, float]
    summaries: Mapping[str, MetricSummary] = field(default_factory=dict)
    user_id: str = ""
    lifecycle_stage: str = "active"
    artifact_uri: str = ""


@dataclass(frozen=True, slots=True)
class RunLinks:
    """What a run uses and what it has made: datasets, each with the tags of that use, and logged models by ID.

    `outputs` are a model's ID and a step each.
    """

    datasets: tuple[tuple[DatasetInfo, Mapping[str, str]], ...] = ()
    models: tuple[str, ...] = ()
    outputs: tuple[tuple[str, int], ...] = ()
