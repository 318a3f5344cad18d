"""Logged models: saved checkpoints with an ID."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from .metric import Measurement


class ModelStatus(StrEnum):
    """How far a logged model's files have come."""

    PENDING = "PENDING"
    READY = "READY"
    UPLOAD_FAILED = "UPLOAD_FAILED"


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """A logged model as the store keeps it; times are milliseconds since the epoch.

    `measurements` holds, for each metric and dataset, the newest value.
    """

    model_id: str
    name: str
    experiment_id: str
    run_id: str
    step: int | None
    status: ModelStatus
    model_type: str
    creation_timestamp: int
    last_updated_timestamp: int
    params: Mapping[str, object]
    tags: Mapping[str, str]
    measurements: tuple[Measurement, ...]
    lifecycle_stage: str = "active"
    artifact_uri: str = ""
