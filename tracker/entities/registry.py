"""Registered models: names under which logged models have numbered versions, and aliases that move among them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Stage(StrEnum):
    """How far a version has come; what MLflow had before it had aliases."""

    NONE = "None"
    STAGING = "Staging"
    PRODUCTION = "Production"
    ARCHIVED = "Archived"


# Of these the newest version is what runs; who comes into one may send the others to the archive.
ACTIVE_STAGES = (Stage.STAGING, Stage.PRODUCTION)


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
    description: str = ""
    stage: Stage = Stage.NONE
    user_id: str = ""
    run_link: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RegisteredModel:
    """A name, its versions from the first to the newest, and which version each alias means."""

    name: str
    creation_timestamp: int
    last_updated_timestamp: int
    versions: tuple[ModelVersion, ...]
    aliases: Mapping[str, int]
    description: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def latest_versions(self) -> tuple[ModelVersion, ...]:
        """The newest version of each stage in which there is one, by number."""
        newest = {each.stage: each for each in self.versions}
        return tuple(sorted(newest.values(), key=lambda each: each.version))


def stage_of(text: str) -> Stage | None:
    """Return a stage by its name in any case; None if there is no such stage."""
    return next((stage for stage in Stage if stage.lower() == text.lower()), None)
