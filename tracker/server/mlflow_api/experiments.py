"""Experiments."""

from __future__ import annotations

from typing import Annotated

from ...client.queries import require_ids
from ...entities import Experiment, edits
from ...errors import ExperimentNotFound, NotActive
from ...filter import Subject
from ...system import milliseconds
from ..auth.roles import Owned
from ..concerns import Kind, Thing, experiment, what_may_be_read
from ..fields import Shape, required
from ..problems import Problem, bad_value
from ..routes import Permission, Route
from ..service import Service
from . import answer_shapes, answers, limits
from .answers import Json
from .shapes import Pair, stages_of

_ROOT = "/api/2.0/mlflow/experiments"
_MOST = 50_000
_MOST_EXPERIMENTS = 20


class Create(Shape):
    """A new experiment."""

    name: str = ""
    artifact_location: str = ""
    tags: tuple[Pair, ...] = ()


class Get(Shape):
    """One experiment, by its ID."""

    experiment_id: str = ""


class GetByName(Shape):
    """One experiment, by its name."""

    experiment_name: str = ""


class Search(Shape):
    """A page of experiments."""

    max_results: int = 0
    page_token: str = ""
    filter: str = ""
    order_by: tuple[str, ...] = ()
    view_type: str | int = "ACTIVE_ONLY"


class Update(Shape):
    """Another name."""

    experiment_id: str = ""
    new_name: str = ""


class SetTag(Shape):
    """A tag."""

    experiment_id: str = ""
    key: str = ""
    value: str = ""


class DeleteTag(Shape):
    """A tag's name."""

    experiment_id: str = ""
    key: str = ""


class SearchDatasets(Shape):
    """The datasets of experiments."""

    experiment_ids: tuple[str, ...] = ()


async def create(service: Service, asked: Create) -> Annotated[Json, answer_shapes.ExperimentMade]:
    """Make an experiment."""
    name = limits.require_short("name", required("name", asked.name), limits.EXPERIMENT_LENGTH)
    location = limits.require_short("artifact_location", asked.artifact_location, limits.PARAM_LENGTH)
    tags = {require_tag(each.key): _value(each.value) for each in asked.tags}
    edit = edits.CreateExperiment(name, milliseconds(), location.rstrip("/"), tags, service.artifact_root)
    experiment_id = await service.edit(edit)
    await service.made(Owned.EXPERIMENT, str(experiment_id))
    return {"experiment_id": experiment_id}


async def get(service: Service, asked: Get) -> Annotated[Json, answer_shapes.OneExperiment]:
    """Return an experiment, also a deleted one."""
    experiment_id = required("experiment_id", asked.experiment_id)
    return {"experiment": answers.experiment(await found(service, experiment_id))}


async def get_by_name(service: Service, asked: GetByName) -> Annotated[Json, answer_shapes.OneExperiment]:
    """Return an experiment of a name, also a deleted one."""
    name = required("experiment_name", asked.experiment_name)
    named = await service.experiment(name=name)
    if named is None:
        raise Problem("RESOURCE_DOES_NOT_EXIST", f"Could not find experiment with name {name!r}")
    return {"experiment": answers.experiment(named)}


async def search(service: Service, asked: Search) -> Annotated[Json, answer_shapes.Experiments]:
    """Return a page of the experiments that match."""
    limits.require_results(asked.max_results, _MOST)
    page = await service.search(
        Subject.EXPERIMENTS,
        asked.filter,
        asked.order_by,
        most=asked.max_results,
        token=asked.page_token,
        stages=stages_of(asked.view_type),
    )
    return answers.page("experiments", map(answers.experiment, page), page.next_page_token)


async def update(service: Service, asked: Update) -> Annotated[Json, answer_shapes.Nothing]:
    """Rename an experiment."""
    experiment_id = required("experiment_id", asked.experiment_id)
    name = limits.require_short("new_name", required("new_name", asked.new_name), limits.EXPERIMENT_LENGTH)
    await service.edit(edits.RenameExperiment(experiment_id, name, milliseconds()))
    return {}


async def delete(service: Service, asked: Get) -> Annotated[Json, answer_shapes.Nothing]:
    """Delete an experiment and its runs."""
    await _move(service, edits.DeleteExperiment(required("experiment_id", asked.experiment_id), milliseconds()))
    return {}


async def restore(service: Service, asked: Get) -> Annotated[Json, answer_shapes.Nothing]:
    """Restore an experiment and its runs."""
    await _move(service, edits.RestoreExperiment(required("experiment_id", asked.experiment_id), milliseconds()))
    return {}


async def set_tag(service: Service, asked: SetTag) -> Annotated[Json, answer_shapes.Nothing]:
    """Set a tag of an experiment."""
    experiment_id = required("experiment_id", asked.experiment_id)
    texts = {require_tag(required("key", asked.key)): _value(asked.value)}
    await service.edit(edits.SetExperimentTags(experiment_id, texts))
    return {}


async def delete_tag(service: Service, asked: DeleteTag) -> Annotated[Json, answer_shapes.Nothing]:
    """Delete a tag of an experiment."""
    edit = edits.DeleteExperimentTag(required("experiment_id", asked.experiment_id), required("key", asked.key))
    await service.edit(edit)
    return {}


async def search_datasets(service: Service, asked: SearchDatasets) -> Annotated[Json, answer_shapes.DatasetSummaries]:
    """Return the datasets that runs of these experiments use."""
    if not asked.experiment_ids:
        raise bad_value("SearchDatasets request must specify at least one experiment_id.")
    if len(asked.experiment_ids) > _MOST_EXPERIMENTS:
        raise bad_value(f"SearchDatasets request cannot specify more than {_MOST_EXPERIMENTS} experiment_ids.")
    found_ = await service.uses(require_ids(asked.experiment_ids))
    names = ("experiment_id", "name", "digest", "context")
    return answers.filled(
        {"dataset_summaries": [answers.filled(dict(zip(names, each, strict=True))) for each in found_]}
    )


async def found(service: Service, experiment_id: str) -> Experiment:
    """Return an experiment, also a deleted one.

    Raises:
        ExperimentNotFound: there is none of that ID.
    """
    experiment = await service.experiment(experiment_id=experiment_id)
    if experiment is None:
        raise ExperimentNotFound(experiment_id)
    return experiment


def require_tag(key: str) -> str:
    """Return the name of an experiment's tag.

    Raises:
        Problem: it cannot be one.
    """
    return limits.require_key("key", key)


def _value(value: str) -> str:
    return limits.require_short("value", value, limits.TAG_LENGTH)


async def _move(service: Service, edit: edits.DeleteExperiment | edits.RestoreExperiment) -> None:
    try:
        await service.edit(edit)
    except NotActive as refusal:
        # As MLflow says it: of what is not there to be deleted, or restored, there is none.
        raise ExperimentNotFound(edit.experiment_id) from refusal


def _its_experiment(asked: Get | Update | SetTag | DeleteTag) -> list[Thing]:
    return [experiment(required("experiment_id", asked.experiment_id))]


def _named_experiment(asked: GetByName) -> list[Thing]:
    return [Thing(Kind.EXPERIMENT_NAME, required("experiment_name", asked.experiment_name))]


def routes() -> list[Route]:
    """Return the routes of experiments."""
    return [
        Route("POST", f"{_ROOT}/create", create, Create, Permission.CREATE),
        Route("GET", f"{_ROOT}/get", get, Get, Permission.READ, concerns=_its_experiment),
        Route("GET", f"{_ROOT}/get-by-name", get_by_name, GetByName, Permission.READ, concerns=_named_experiment),
        Route("POST", f"{_ROOT}/search", search, Search, Permission.READ, concerns=what_may_be_read),
        Route("GET", f"{_ROOT}/search", search, Search, Permission.READ, concerns=what_may_be_read),
        Route("POST", f"{_ROOT}/delete", delete, Get, Permission.MANAGE, concerns=_its_experiment),
        Route("POST", f"{_ROOT}/restore", restore, Get, Permission.MANAGE, concerns=_its_experiment),
        Route("POST", f"{_ROOT}/update", update, Update, Permission.MANAGE, concerns=_its_experiment),
        Route("POST", f"{_ROOT}/set-experiment-tag", set_tag, SetTag, Permission.EDIT, concerns=_its_experiment),
        Route(
            "POST", f"{_ROOT}/delete-experiment-tag", delete_tag, DeleteTag, Permission.EDIT, concerns=_its_experiment
        ),
        Route(
            "POST",
            f"{_ROOT}/search-datasets",
            search_datasets,
            SearchDatasets,
            Permission.READ,
            concerns=what_may_be_read,
        ),
    ]
