"""Versions of registered models."""

from __future__ import annotations

from typing import Annotated, cast

from ...entities.registry import ACTIVE_STAGES
from ...entities.registry_edits import (
    AddVersion,
    DeleteRegisteredTag,
    DeleteVersion,
    DescribeRegistered,
    SetRegisteredTags,
    SetStage,
)
from ...errors import RegisteredModelNotFound, VersionNotFound
from ...filter import Subject
from ...system import milliseconds
from ..concerns import Thing, model, registered_model, run, what_may_be_read
from ..fields import Shape, Whole, required
from ..http import Request, Response
from ..problems import Problem, bad_value
from ..routes import Permission, Route
from ..service import Service
from . import answer_shapes, answers, limits, lineage, prompts, registry, registry_shapes, sources
from .answers import Json
from .artifacts import Place, relative_of, sent
from .registered_models import required_stage
from .shapes import Pair

_ROOT = "/api/2.0/mlflow/model-versions"
_MOST = 200_000
_LEFT_OUT = 10_000

_VersionEdit = DescribeRegistered | DeleteVersion | SetStage | SetRegisteredTags | DeleteRegisteredTag


class Create(Shape):
    """A new version; whether a run or a model was named at all makes a difference."""

    name: str = ""
    source: str = ""
    run_id: str | None = None
    model_id: str | None = None
    tags: tuple[Pair, ...] = ()
    run_link: str = ""
    description: str = ""


class One(Shape):
    """One version."""

    name: str = ""
    version: str = ""


class FileOf(Shape):
    """A file of a version."""

    name: str = ""
    version: str = ""
    path: str = ""


class Update(Shape):
    """Another description."""

    name: str = ""
    version: str = ""
    description: str = ""


class Search(registry.Search):
    """A page of versions."""

    max_results: Whole = _LEFT_OUT


class Move(Shape):
    """Another stage."""

    name: str = ""
    version: str = ""
    stage: str = ""
    archive_existing_versions: bool = False


class SetTag(Shape):
    """A tag."""

    name: str = ""
    version: str = ""
    key: str = ""
    value: str = ""


class DeleteTag(Shape):
    """A tag's name."""

    name: str = ""
    version: str = ""
    key: str = ""


async def create(service: Service, asked: Create) -> Annotated[Json, registry_shapes.OneVersion]:
    """Make a version."""
    name, tags = registry.name_of(asked.name), registry.tags_of(asked.tags)
    source = limits.require_short("source", required("source", asked.source), limits.PARAM_LENGTH)
    if prompts.is_prompt(tags):
        if source not in prompts.SOURCES:
            raise bad_value(f"Invalid prompt source: '{source[:100]}'. A prompt has no files.")
        run_id, model_id = asked.run_id or "", asked.model_id or ""
    else:
        source, run_id, model_id = await lineage.made_of(service, source, asked.run_id, asked.model_id)
    edit = AddVersion(
        name,
        source,
        milliseconds(),
        model_id,
        run_id,
        registry.text_of("description", asked.description),
        run_link=limits.require_short("run_link", asked.run_link, limits.PARAM_LENGTH),
        tags=tags,
    )
    number = cast("int", await service.edit(edit))
    return await _answer(service, name, number)


async def get(service: Service, asked: One) -> Annotated[Json, registry_shapes.OneVersion]:
    """Return a version."""
    return await _answer(service, *_key(asked))


async def search(service: Service, asked: Search) -> Annotated[Json, registry_shapes.Versions]:
    """Return a page of the versions that match."""
    page = await registry.search(service, Subject.MODEL_VERSIONS, asked, _MOST)
    return answers.page("model_versions", map(registry.version_answer, page), page.next_page_token)


async def update(service: Service, asked: Update) -> Annotated[Json, registry_shapes.OneVersion]:
    """Describe a version."""
    key = _key(asked)
    await _edit(service, DescribeRegistered(*key, registry.text_of("description", asked.description), milliseconds()))
    return await _answer(service, *key)


async def delete(service: Service, asked: One) -> Annotated[Json, answer_shapes.Nothing]:
    """Delete a version."""
    await _edit(service, DeleteVersion(*_key(asked), milliseconds()))
    return {}


async def transition(service: Service, asked: Move) -> Annotated[Json, registry_shapes.OneVersion]:
    """Move a version to another stage."""
    key, stage = _key(asked), required_stage(required("stage", asked.stage))
    if asked.archive_existing_versions and stage not in ACTIVE_STAGES:
        raise bad_value(
            "Model version transition cannot archive existing model versions because "
            f"'{asked.stage}' is not an Active stage. Valid stages are {', '.join(ACTIVE_STAGES)}"
        )
    await _edit(service, SetStage(*key, stage, asked.archive_existing_versions, milliseconds()))
    return await _answer(service, *key)


async def set_tag(service: Service, asked: SetTag) -> Annotated[Json, answer_shapes.Nothing]:
    """Set a tag of a version."""
    key, value = registry.tag_of(Pair(key=required("key", asked.key), value=asked.value))
    await _edit(service, SetRegisteredTags(*_key(asked), {key: value}))
    return {}


async def delete_tag(service: Service, asked: DeleteTag) -> Annotated[Json, answer_shapes.Nothing]:
    """Delete a tag of a version."""
    await _edit(service, DeleteRegisteredTag(*_key(asked), required("key", asked.key)))
    return {}


async def get_download_uri(service: Service, asked: One) -> Annotated[Json, registry_shapes.DownloadUri]:
    """Return where a version's files are, by a URI that no other version has a part in."""
    version = await registry.found_version(service, *_key(asked))
    return {"artifact_uri": await lineage.location(service, version)}


async def get_file(service: Service, request: Request) -> Response:
    """Return a file of a version, for a page: one of this store's, found by the IDs in the version's source."""
    asked = _one(request)
    path = relative_of(required("path", request.query_params.get("path")))
    owner, folder = await lineage.place(service, await registry.found_version(service, *_key(asked)))
    # Who may read of a version may not for that read what it is made of.
    if not await service.may_read(Subject.MODELS if owner.startswith("m-") else Subject.RUNS, owner):
        raise Problem("RESOURCE_DOES_NOT_EXIST", "there is no such file")
    return await sent(service, Place(owner, f"{folder}/{path}" if folder else path))


async def _edit(service: Service, edit: _VersionEdit) -> None:
    try:
        await service.edit(edit)
    except RegisteredModelNotFound as absent:
        # As MLflow says it: there is no such version.
        raise VersionNotFound(edit.name, str(edit.version)) from absent


async def _answer(service: Service, name: str, number: int) -> Json:
    return {"model_version": registry.version_answer(await registry.found_version(service, name, number))}


def _one(request: Request) -> One:
    return One(name=request.query_params.get("name") or "", version=request.query_params.get("version") or "")


def _key(asked: One | Update | Move | SetTag | DeleteTag) -> tuple[str, int]:
    return registry.name_of(asked.name), registry.number_of(asked.version)


def _its_name(asked: One | Update | Move | SetTag | DeleteTag) -> list[Thing]:
    return [registered_model(registry.name_of(asked.name))]


def _name_in(request: Request) -> list[Thing]:
    return _its_name(_one(request))


def name_and_origin(asked: Create | AddVersion) -> list[Thing]:
    """Return what a new version is of, and what it is to be made of."""
    of_run = [run(asked.run_id)] if asked.run_id else []
    of_model = [model(asked.model_id)] if asked.model_id else []
    return [registered_model(registry.name_of(asked.name)), *of_run, *of_model, *_made_of_version(asked.source)]


def _made_of_version(source: str) -> list[Thing]:
    if sources.scheme_of(source) != sources.MODELS:
        return []
    reference = sources.reference_of(source)
    return [registered_model(reference.name, read_only=True)] if reference.name else [model(reference.model_id)]


def routes() -> list[Route]:
    """Return the routes of versions."""
    return [
        Route("POST", f"{_ROOT}/create", create, Create, Permission.EDIT, concerns=name_and_origin),
        Route("GET", f"{_ROOT}/get", get, One, Permission.READ, concerns=_its_name),
        Route("PATCH", f"{_ROOT}/update", update, Update, Permission.EDIT, concerns=_its_name),
        Route("DELETE", f"{_ROOT}/delete", delete, One, Permission.MANAGE, concerns=_its_name),
        Route("GET", f"{_ROOT}/search", search, Search, Permission.READ, concerns=what_may_be_read),
        Route("GET", f"{_ROOT}/get-download-uri", get_download_uri, One, Permission.READ, concerns=_its_name),
        Route("POST", f"{_ROOT}/transition-stage", transition, Move, Permission.EDIT, concerns=_its_name),
        Route("POST", f"{_ROOT}/set-tag", set_tag, SetTag, Permission.EDIT, concerns=_its_name),
        Route("DELETE", f"{_ROOT}/delete-tag", delete_tag, DeleteTag, Permission.EDIT, concerns=_its_name),
        Route("GET", "/model-versions/get-artifact", get_file, FileOf, Permission.READ, files=True, concerns=_name_in),
    ]
