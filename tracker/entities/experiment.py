"""Experiments: the named folders that runs and logged models lie in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Experiment:
    """One experiment; times are milliseconds since the epoch.

    `artifact_location` is a text that is never followed; empty stands for the store's own place.
    """

    experiment_id: str
    name: str
    lifecycle_stage: str
    creation_time: int
    last_update_time: int
    tags: Mapping[str, str] = field(default_factory=dict)
    artifact_location: str = ""
