"""Registered models, their aliases, and their newest versions."""

from __future__ import annotations

from typing import Annotated

from ...entities import Stage
from ...entities.registry import stage_of
from ...entities.registry_edits import (
    CreateRegistered,
    DeleteRegistered,
    DeleteRegisteredTag,
    DescribeRegistered,
    MoveAlias,
    RenameRegistered,
    SetRegisteredTags,
)
from ...errors import RegisteredModelExists
from ...filter import Subject
from ...system import milliseconds
from ..auth.roles import Owned
from ..concerns import Thing, registered_model, what_may_be_read
from ..fields import Shape, Whole, required
from ..problems import Problem, bad_value
from ..routes import Permission, Route
from ..service import Service
from . import answer_shapes, answers, prompts, registry, registry_shapes
from .answers import Json
from .shapes import Pair

_ROOT = "/api/2.0/mlflow/registered-models"
_MOST = 1000
_LEFT_OUT = 100


class Create(Shape):
    """A new registered model."""

    name: str = ""
    description: str = ""
    tags: tuple[Pair, ...] = ()


class Named(Shape):
    """One registered model, by its name."""

    name: str = ""


class Rename(Shape):
    """Another name."""

    name: str = ""
    new_name: str = ""


class Update(Shape):
    """Another description."""

    name: str = ""
    description: str = ""


class Search(registry.Search):
    """A page of registered models."""

    max_results: Whole = _LEFT_OUT


class Latest(Shape):
    """The newest version of each of these stages, or of all."""

    name: str = ""
    stages: tuple[str, ...] = ()


class SetTag(Shape):
    """A tag."""

    name: str = ""
    key: str = ""
    value: str = ""


class DeleteTag(Shape):
    """A tag's name."""

    name: str = ""
    key: str = ""


class SetAlias(Shape):
    """What an alias is to mean."""

    name: str = ""
    alias: str = ""
    version: str = ""


class Alias(Shape):
    """An alias of a registered model."""

    name: str = ""
    alias: str = ""


async def create(service: Service, asked: Create) -> Annotated[Json, registry_shapes.OneRegisteredModel]:
    """Make a registered model."""
    name, tags = registry.name_of(asked.name), registry.tags_of(asked.tags)
    edit = CreateRegistered(name, milliseconds(), registry.text_of("description", asked.description), tags)
    try:
        await service.edit(edit)
    except RegisteredModelExists:
        if name not in await service.readable_registered(name):
            raise
        there = await registry.found(service, name)
        if prompts.is_prompt(there.tags) is prompts.is_prompt(tags):
            raise
        kind = "prompt" if prompts.is_prompt(there.tags) else "registered model"
        raise Problem("RESOURCE_ALREADY_EXISTS", f"The name {name!r} is already taken by a {kind}.") from None
    await service.made(Owned.REGISTERED_MODEL, name)
    return await _answer(service, name)


async def get(service: Service, asked: Named) -> Annotated[Json, registry_shapes.OneRegisteredModel]:
    """Return a registered model."""
    return await _answer(service, registry.name_of(asked.name))


async def search(service: Service, asked: Search) -> Annotated[Json, registry_shapes.RegisteredModels]:
    """Return a page of the registered models that match."""
    page = await registry.search(service, Subject.REGISTERED_MODELS, asked, _MOST)
    return answers.page("registered_models", map(registry.model_answer, page), page.next_page_token)


async def rename(service: Service, asked: Rename) -> Annotated[Json, registry_shapes.OneRegisteredModel]:
    """Rename a registered model."""
    name, new_name = registry.name_of(asked.name), registry.name_of(asked.new_name, "new_name")
    await service.edit(RenameRegistered(name, new_name, milliseconds()))
    await service.renamed(Owned.REGISTERED_MODEL, name, new_name)
    return await _answer(service, new_name)


async def update(service: Service, asked: Update) -> Annotated[Json, registry_shapes.OneRegisteredModel]:
    """Describe a registered model."""
    name, text = registry.name_of(asked.name), registry.text_of("description", asked.description)
    await service.edit(DescribeRegistered(name, None, text, milliseconds()))
    return await _answer(service, name)


async def delete(service: Service, asked: Named) -> Annotated[Json, answer_shapes.Nothing]:
    """Delete a registered model and its versions."""
    name = registry.name_of(asked.name)
    await service.edit(DeleteRegistered(name))
    await service.gone(Owned.REGISTERED_MODEL, name)
    return {}


async def latest_versions(service: Service, asked: Latest) -> Annotated[Json, registry_shapes.Versions]:
    """Return the newest version of each stage."""
    model = await registry.found(service, registry.name_of(asked.name))
    wanted = [required_stage(text) for text in asked.stages] or list(Stage)
    found = [registry.version_answer(each) for each in model.latest_versions if each.stage in wanted]
    return answers.filled({"model_versions": found})


async def set_tag(service: Service, asked: SetTag) -> Annotated[Json, answer_shapes.Nothing]:
    """Set a tag of a registered model."""
    key, value = registry.tag_of(Pair(key=required("key", asked.key), value=asked.value))
    await service.edit(SetRegisteredTags(registry.name_of(asked.name), None, {key: value}))
    return {}


async def delete_tag(service: Service, asked: DeleteTag) -> Annotated[Json, answer_shapes.Nothing]:
    """Delete a tag of a registered model."""
    await service.edit(DeleteRegisteredTag(registry.name_of(asked.name), None, required("key", asked.key)))
    return {}


async def set_alias(service: Service, asked: SetAlias) -> Annotated[Json, answer_shapes.Nothing]:
    """Have an alias mean a version."""
    name, alias = registry.name_of(asked.name), registry.new_alias_of(asked.alias)
    await service.edit(MoveAlias(name, alias, registry.number_of(asked.version)))
    return {}


async def delete_alias(service: Service, asked: Alias) -> Annotated[Json, answer_shapes.Nothing]:
    """Have an alias mean nothing."""
    await service.edit(MoveAlias(registry.name_of(asked.name), registry.alias_of(asked.alias), None))
    return {}


async def get_by_alias(service: Service, asked: Alias) -> Annotated[Json, registry_shapes.OneVersion]:
    """Return the version that an alias means."""
    name, alias = registry.name_of(asked.name), registry.alias_of(asked.alias)
    return {"model_version": registry.version_answer(await registry.meant_by(service, name, alias))}


def required_stage(text: str) -> Stage:
    """Return a stage by its name in any case.

    Raises:
        Problem: there is no such stage.
    """
    stage = stage_of(text)
    if stage is None:
        raise bad_value(f"Invalid Model Version stage: {text[:100]}. Value must be one of {', '.join(Stage)}.")
    return stage


async def _answer(service: Service, name: str) -> Json:
    return {"registered_model": registry.model_answer(await registry.found(service, name))}


def _its_name(asked: Named | Rename | Update | Latest | SetTag | DeleteTag | SetAlias | Alias) -> list[Thing]:
    return [registered_model(registry.name_of(asked.name))]


def routes() -> list[Route]:
    """Return the routes of registered models."""
    return [
        Route("POST", f"{_ROOT}/create", create, Create, Permission.CREATE),
        Route("POST", f"{_ROOT}/rename", rename, Rename, Permission.MANAGE, concerns=_its_name),
        Route("PATCH", f"{_ROOT}/update", update, Update, Permission.EDIT, concerns=_its_name),
        Route("DELETE", f"{_ROOT}/delete", delete, Named, Permission.MANAGE, concerns=_its_name),
        Route("GET", f"{_ROOT}/get", get, Named, Permission.READ, concerns=_its_name),
        Route("GET", f"{_ROOT}/search", search, Search, Permission.READ, concerns=what_may_be_read),
        Route("POST", f"{_ROOT}/get-latest-versions", latest_versions, Latest, Permission.READ, concerns=_its_name),
        Route("GET", f"{_ROOT}/get-latest-versions", latest_versions, Latest, Permission.READ, concerns=_its_name),
        Route("POST", f"{_ROOT}/set-tag", set_tag, SetTag, Permission.EDIT, concerns=_its_name),
        Route("DELETE", f"{_ROOT}/delete-tag", delete_tag, DeleteTag, Permission.EDIT, concerns=_its_name),
        Route("POST", f"{_ROOT}/alias", set_alias, SetAlias, Permission.EDIT, concerns=_its_name),
        Route("DELETE", f"{_ROOT}/alias", delete_alias, Alias, Permission.EDIT, concerns=_its_name),
        Route("GET", f"{_ROOT}/alias", get_by_alias, Alias, Permission.READ, concerns=_its_name),
    ]
