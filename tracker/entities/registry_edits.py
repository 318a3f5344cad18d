"""Edits of registered models and their versions, one frozen edit each; see `edits`, which sums them.

Where an edit has a version that may be None, None stands for the registered model itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Generic, NamedTuple, TypeVar

from .registry import Stage


@dataclass(frozen=True, slots=True)
class CreateRegistered:
    """A new registered model, without versions."""

    name: str
    timestamp: int
    description: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RenameRegistered:
    """A registered model is to have another name."""

    name: str
    new_name: str
    timestamp: int


@dataclass(frozen=True, slots=True)
class DescribeRegistered:
    """A registered model, or a version of it, has another description."""

    name: str
    version: int | None
    description: str
    timestamp: int


@dataclass(frozen=True, slots=True)
class DeleteRegistered:
    """A registered model is not wanted any more, nor its versions, nor what was decided about it."""

    name: str


@dataclass(frozen=True, slots=True)
class SetRegisteredTags:
    """Tags of a registered model, or of a version of it."""

    name: str
    version: int | None
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class DeleteRegisteredTag:
    """A registered model, or a version of it, is to have a tag no more."""

    name: str
    version: int | None
    key: str


@dataclass(frozen=True, slots=True)
class AddVersion:
    """A new version of a registered model, made of whatever its source says; the answer is its number.

    A logged model that it is made of is told so, in the tag that MLflow keeps it in.
    """

    name: str
    source: str
    timestamp: int
    model_id: str = ""
    run_id: str = ""
    description: str = ""
    user_id: str = ""
    run_link: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DeleteVersion:
    """A version is not wanted any more, nor the aliases that mean it."""

    name: str
    version: int
    timestamp: int


@dataclass(frozen=True, slots=True)
class SetStage:
    """A version is in another stage; with `archive` those that are in it already go to the archive."""

    name: str
    version: int
    stage: Stage
    archive: bool
    timestamp: int


@dataclass(frozen=True, slots=True)
class MoveAlias:
    """An alias means a version, or, where that is None, nothing any more."""

    name: str
    alias: str
    version: int | None


RegistryEdit = (
    CreateRegistered
    | RenameRegistered
    | DescribeRegistered
    | DeleteRegistered
    | SetRegisteredTags
    | DeleteRegisteredTag
    | AddVersion
    | DeleteVersion
    | SetStage
    | MoveAlias
)


E_co = TypeVar("E_co", bound=RegistryEdit, covariant=True)


@dataclass(frozen=True, slots=True)
class Once(Generic[E_co]):
    """An edit that is carried out once, however often it is asked for by this ID; the answer is a `Done`.

    One that was refused has changed nothing, and is decided anew.
    """

    edit_id: str
    edit: E_co


class Done(NamedTuple):
    """What an edit was answered when it was carried out, and whether that was just now."""

    answer: object
    is_new: bool
