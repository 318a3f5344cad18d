"""Logged models: made, finished, described, found; and their files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated

from ...client.names import new_model_id, run_name
from ...entities import Measurement, ModelInfo, ModelStatus, edits
from ...errors import ModelNotFound
from ...filter import DatasetFilter, Subject
from ...journal import spelled
from ...system import milliseconds
from ..concerns import Thing, experiment, model, run, what_may_be_read
from ..fields import Shape, invalid, required
from ..http import Request, Response
from ..problems import bad_value
from ..routes import Permission, Route
from ..service import Service
from . import answer_shapes, answers, limits
from .answers import Json
from .artifacts import Place, children, files_of, relative_of, sent
from .shapes import Pair, chosen, texts_of

_ROOT = "/api/2.0/mlflow/logged-models"
_MOST, _USUAL, _LEFT_OUT = 50_000, 50, 100
# By MLflow's names and, from 0, its numbers.
_STATUSES = {
    "LOGGED_MODEL_STATUS_UNSPECIFIED": "",
    "LOGGED_MODEL_PENDING": ModelStatus.PENDING,
    "LOGGED_MODEL_READY": ModelStatus.READY,
    "LOGGED_MODEL_UPLOAD_FAILED": ModelStatus.UPLOAD_FAILED,
}
_NAMES = {ours: theirs for theirs, ours in _STATUSES.items()}
_NOT_IN_NAMES = frozenset("/:.%\"'")


class Create(Shape):
    """A new logged model."""

    experiment_id: str = ""
    name: str = ""
    model_type: str = ""
    source_run_id: str = ""
    params: tuple[Pair, ...] = ()
    tags: tuple[Pair, ...] = ()


class Get(Shape):
    """One logged model."""

    model_id: str = ""
    allow_deleted: bool = False


class Finish(Shape):
    """How far its files have come."""

    model_id: str = ""
    status: str | int = ""


class OnDataset(Shape):
    """What metrics are to have been measured on."""

    dataset_name: str = ""
    dataset_digest: str = ""


class OrderBy(Shape):
    """What to sort by."""

    field_name: str = ""
    ascending: bool = True
    dataset_name: str = ""
    dataset_digest: str = ""


class Search(Shape):
    """A page of logged models."""

    experiment_ids: tuple[str, ...] = ()
    filter: str = ""
    datasets: tuple[OnDataset, ...] = ()
    order_by: tuple[OrderBy, ...] = ()
    max_results: int = _USUAL
    page_token: str = ""


class SetTags(Shape):
    """Tags."""

    model_id: str = ""
    tags: tuple[Pair, ...] = ()


class DeleteTag(Shape):
    """A tag's name."""

    model_id: str = ""
    tag_key: str = ""


class AddParams(Shape):
    """Params."""

    model_id: str = ""
    params: tuple[Pair, ...] = ()


class ListFiles(Shape):
    """A folder."""

    model_id: str = ""
    artifact_directory_path: str = ""


class GetFile(Shape):
    """A file of a logged model."""

    model_id: str = ""
    artifact_file_path: str = ""


async def create(service: Service, asked: Create) -> Annotated[Json, answer_shapes.OneLoggedModel]:
    """Make a logged model."""
    name = asked.name or run_name()
    if set(name) & _NOT_IN_NAMES:
        raise bad_value(f"Invalid model name {name!r}: none of / : . % \" ' may be in it")
    model_id = new_model_id()
    edit = edits.CreateModel(
        model_id,
        required("experiment_id", asked.experiment_id),
        asked.source_run_id,
        limits.require_short("name", name, limits.EXPERIMENT_LENGTH),
        limits.require_short("model_type", asked.model_type, limits.EXPERIMENT_LENGTH),
        milliseconds(),
        _params(asked.params),
        _tags(asked.tags),
    )
    await service.edit(edit)
    return await _answer(service, model_id)


async def get(service: Service, asked: Get) -> Annotated[Json, answer_shapes.OneLoggedModel]:
    """Return a logged model."""
    return await _answer(service, asked.model_id, allow_deleted=asked.allow_deleted)


async def finish(service: Service, asked: Finish) -> Annotated[Json, answer_shapes.OneLoggedModel]:
    """Say how far a logged model's files have come."""
    status = _STATUSES[chosen("status", asked.status, _STATUSES, first=0)]
    if not status:
        raise invalid("status", asked.status)
    await service.edit(edits.FinishModel(asked.model_id, status, milliseconds()))
    return await _answer(service, asked.model_id)


async def delete(service: Service, asked: Get) -> Annotated[Json, answer_shapes.Nothing]:
    """Delete a logged model."""
    await service.edit(edits.RemoveModel(asked.model_id, milliseconds()))
    return {}


async def search(service: Service, asked: Search) -> Annotated[Json, answer_shapes.LoggedModels]:
    """Return a page of the logged models that match."""
    if not asked.experiment_ids:
        raise bad_value("Missing value for required parameter 'experiment_ids'.")
    orders = [
        {
            "field_name": required("field_name", each.field_name),
            "ascending": each.ascending,
            **({"dataset_name": each.dataset_name} if each.dataset_name else {}),
            **({"dataset_digest": each.dataset_digest} if each.dataset_digest else {}),
        }
        for each in asked.order_by
    ]
    datasets = [
        DatasetFilter(required("dataset_name", each.dataset_name), each.dataset_digest or None)
        for each in asked.datasets
    ]
    page = await service.search(
        Subject.MODELS,
        asked.filter,
        orders,
        asked.experiment_ids,
        datasets=datasets,
        most=limits.require_results(asked.max_results or _LEFT_OUT, _MOST),
        token=asked.page_token,
    )
    points = await service.look("points_of", lambda: service.store.search.points_of([each.model_id for each in page]))
    told = (_model(each, points.get(each.model_id, ())) for each in page)
    return answers.page("models", told, page.next_page_token)


async def set_tags(service: Service, asked: SetTags) -> Annotated[Json, answer_shapes.OneLoggedModel]:
    """Set tags of a logged model."""
    await service.edit(edits.SetModelTags(asked.model_id, _tags(asked.tags)))
    return await _answer(service, asked.model_id)


async def delete_tag(service: Service, asked: DeleteTag) -> Annotated[Json, answer_shapes.Nothing]:
    """Delete a tag of a logged model."""
    await service.edit(edits.DeleteModelTag(asked.model_id, asked.tag_key))
    return {}


async def add_params(service: Service, asked: AddParams) -> Annotated[Json, answer_shapes.Nothing]:
    """Add params to a logged model."""
    await service.edit(edits.AddModelParams(asked.model_id, _params(asked.params)))
    return {}


async def list_files(service: Service, asked: ListFiles) -> Annotated[Json, answer_shapes.FilesBelow]:
    """Return what is in a folder of a logged model."""
    found = await _found(service, asked.model_id)
    listed = children(await files_of(service, found.model_id), relative_of(asked.artifact_directory_path))
    return answers.filled({"root_uri": found.artifact_uri, "files": listed})


async def get_file(service: Service, request: Request, model_id: str) -> Response:
    """Return a file of a logged model, for a page."""
    found = await _found(service, model_id)
    path = required("artifact_file_path", request.query_params.get("artifact_file_path"))
    return await sent(service, Place(found.model_id, relative_of(path)))


async def _answer(service: Service, model_id: str, *, allow_deleted: bool = False) -> Json:
    found = await _found(service, model_id, allow_deleted=allow_deleted)
    points = await service.look("points_of", lambda: service.store.search.points_of([model_id]))
    return {"model": _model(found, points.get(model_id, ()))}


async def _found(service: Service, model_id: str, *, allow_deleted: bool = False) -> ModelInfo:
    found = await service.model(model_id)
    if found is None or (found.lifecycle_stage != "active" and not allow_deleted):
        raise ModelNotFound(model_id)
    return found


def _model(found: ModelInfo, points: Iterable[Measurement]) -> Json:
    info = {
        "model_id": found.model_id,
        "experiment_id": found.experiment_id,
        "name": found.name,
        "creation_timestamp_ms": found.creation_timestamp,
        "last_updated_timestamp_ms": found.last_updated_timestamp,
        "artifact_uri": found.artifact_uri,
        "status": _NAMES[found.status],
        "model_type": found.model_type or None,
        "source_run_id": found.run_id or None,
        "tags": answers.pairs(found.tags),
    }
    params = [{"key": key, "value": str(value)} for key, value in found.params.items()]
    data = {"params": params, "metrics": [_metric(found, each) for each in points]}
    return {"info": answers.filled(info), "data": answers.filled(data)}


def _metric(found: ModelInfo, each: Measurement) -> Json:
    return answers.filled(
        {
            "key": each.key,
            "value": spelled(each.value),
            "timestamp": each.timestamp,
            "step": each.step,
            "dataset_name": each.dataset.name if each.dataset else None,
            "dataset_digest": each.dataset.digest if each.dataset else None,
            "model_id": found.model_id,
            "run_id": each.run_id,
        }
    )


def _params(said: Sequence[Pair]) -> dict[str, str]:
    limits.require_once("param", [each.key for each in said])
    return {limits.require_key("key", required("key", each.key)): each.value for each in said}


def _tags(said: Sequence[Pair]) -> dict[str, str]:
    for each in said:
        limits.require_key("key", required("key", each.key))
    return texts_of(said)


def _its_places(asked: Create) -> list[Thing]:
    its_run = [run(asked.source_run_id)] if asked.source_run_id else []
    return [experiment(required("experiment_id", asked.experiment_id)), *its_run]


def _its_model(asked: Get | Finish | SetTags | DeleteTag | AddParams | ListFiles | Request) -> list[Thing]:
    return [model(asked.path_params["model_id"] if isinstance(asked, Request) else asked.model_id)]


def routes() -> list[Route]:
    """Return the routes of logged models."""
    one = f"{_ROOT}/{{model_id}}"
    return [
        Route("POST", _ROOT, create, Create, Permission.EDIT, concerns=_its_places),
        Route("POST", f"{_ROOT}/search", search, Search, Permission.READ, concerns=what_may_be_read),
        Route("GET", one, get, Get, Permission.READ, concerns=_its_model),
        Route("PATCH", one, finish, Finish, Permission.EDIT, concerns=_its_model),
        Route("DELETE", one, delete, Get, Permission.EDIT, concerns=_its_model),
        Route("PATCH", f"{one}/tags", set_tags, SetTags, Permission.EDIT, concerns=_its_model),
        Route("DELETE", f"{one}/tags/{{tag_key}}", delete_tag, DeleteTag, Permission.EDIT, concerns=_its_model),
        Route("POST", f"{one}/params", add_params, AddParams, Permission.EDIT, concerns=_its_model),
        Route("GET", f"{one}/artifacts/directories", list_files, ListFiles, Permission.READ, concerns=_its_model),
        Route("GET", f"{one}/artifacts/files", get_file, GetFile, Permission.READ, files=True, concerns=_its_model),
    ]
