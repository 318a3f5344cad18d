"""What is answered about registered models and their versions, as shapes; see `answer_shapes`."""

from __future__ import annotations

from typing import Literal

from ..fields import UNSET, Answer, Unset
from .answer_shapes import KeyValue

VersionStage = Literal["None", "Staging", "Production", "Archived"]


class ModelAlias(Answer):
    """An alias, and the number of the version that it means."""

    alias: str
    version: str


class ModelVersion(Answer):
    """A version of a registered model; its number is a text, times are milliseconds since the epoch."""

    name: str
    version: str
    creation_timestamp: int
    last_updated_timestamp: int
    current_stage: VersionStage
    description: str
    source: str
    run_id: str
    status: Literal["READY"]
    run_link: str
    user_id: str | Unset = UNSET
    model_id: str | Unset = UNSET
    tags: tuple[KeyValue, ...] | Unset = UNSET
    aliases: tuple[str, ...] | Unset = UNSET


class OneVersion(Answer):
    """A version."""

    model_version: ModelVersion


class Versions(Answer):
    """A page of versions."""

    model_versions: tuple[ModelVersion, ...] | Unset = UNSET
    next_page_token: str | Unset = UNSET


class DownloadUri(Answer):
    """Where a version's files are."""

    artifact_uri: str


class RegisteredModel(Answer):
    """A registered model, with the newest version of each stage; times are milliseconds since the epoch."""

    name: str
    creation_timestamp: int
    last_updated_timestamp: int
    description: str | Unset = UNSET
    latest_versions: tuple[ModelVersion, ...] | Unset = UNSET
    tags: tuple[KeyValue, ...] | Unset = UNSET
    aliases: tuple[ModelAlias, ...] | Unset = UNSET


class OneRegisteredModel(Answer):
    """A registered model."""

    registered_model: RegisteredModel


class RegisteredModels(Answer):
    """A page of registered models."""

    registered_models: tuple[RegisteredModel, ...] | Unset = UNSET
    next_page_token: str | Unset = UNSET
