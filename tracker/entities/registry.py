"""Registered models: names under which logged models have numbered versions, and aliases that move among them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """A version of a registered model, numbered from 1; times are milliseconds since the epoch.

    `model_id` is None where the version was made of something else than a logged model.
    """

    name: str
    version: int
    model_id: str | None
    run_id: str | None
    source: str
    creation_timestamp: int
    last_updated_timestamp: int
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RegisteredModel:
    """A name, its versions from the first to the newest, and which version each alias means."""

    name: str
    creation_timestamp: int
    last_updated_timestamp: int
    versions: tuple[ModelVersion, ...]
    aliases: Mapping[str, int]
