"""Runs: made, described, ended, found; and what they use and have made."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Annotated

import orjson

from ...client.names import new_run_id, run_name
from ...entities import DatasetInfo, RunInfo, RunStatus, edits
from ...entities.edits import RunInput
from ...entities.records import PointOf
from ...errors import RunNotFound
from ...filter import Subject
from ..concerns import Thing, experiment, model, run, what_may_be_read
from ..fields import Shape, Time, Whole, invalid, number_of, required
from ..problems import bad_value, missing
from ..routes import Permission, Route
from ..service import Service
from . import answer_shapes, answers, limits
from .answers import NAME_TAG, PARENT_TAG, Json
from .shapes import Pair, chosen, stages_of

_ROOT = "/api/2.0/mlflow/runs"
_MOST = 50_000
_DEFAULT_EXPERIMENT = "0"
# MLflow's numbers of them begin at 1.
_STATUSES = (RunStatus.RUNNING, RunStatus.SCHEDULED, RunStatus.FINISHED, RunStatus.FAILED, RunStatus.KILLED)
_HISTORY_TAG = "mlflow.log-model.history"
_LENGTHS = {"name": 500, "digest": 36, "schema": 2**20, "source": 2**16, "profile": 2**24}
# So many names of metrics are known to be names.
_METRICS = 8192
_INPUT_TAG_KEY, _INPUT_TAG_VALUE = 255, 500


class Named(Shape):
    """A run, by its ID; by its older name too."""

    run_id: str = ""
    run_uuid: str = ""

    @property
    def id(self) -> str:
        """The run's ID.

        Raises:
            Problem: there is none.
        """
        return required("run_id", self.run_id or self.run_uuid)


class Create(Shape):
    """A new run."""

    experiment_id: str = _DEFAULT_EXPERIMENT
    user_id: str = ""
    run_name: str = ""
    start_time: Whole = 0
    tags: tuple[Pair, ...] = ()


class Update(Named):
    """What has become of a run."""

    status: str | int = ""
    end_time: Whole | None = None
    run_name: str = ""


class Search(Shape):
    """A page of runs."""

    experiment_ids: tuple[str | int, ...] = ()
    filter: str = ""
    run_view_type: str | int = "ACTIVE_ONLY"
    max_results: int = 1000
    order_by: tuple[str, ...] = ()
    page_token: str = ""


class LogMetric(Named):
    """A point."""

    key: str = ""
    value: float | str | None = None
    timestamp: Time | None = None
    step: Whole = 0
    model_id: str = ""
    dataset_name: str = ""
    dataset_digest: str = ""


class LogParam(Named):
    """A param."""

    key: str = ""
    value: str = ""


class SetTag(Named):
    """A tag."""

    key: str = ""
    value: str = ""


class DeleteTag(Named):
    """A tag's name."""

    key: str = ""


class Point(Shape):
    """A point of a batch."""

    key: str = ""
    value: float | str | None = None
    timestamp: Time | None = None
    step: Whole = 0
    model_id: str = ""
    dataset_name: str = ""
    dataset_digest: str = ""


class LogBatch(Named):
    """Points, params and tags."""

    metrics: tuple[Point, ...] = ()
    params: tuple[Pair, ...] = ()
    tags: tuple[Pair, ...] = ()


class Dataset(Shape):
    """A dataset."""

    name: str = ""
    digest: str = ""
    source_type: str = ""
    source: str = ""
    schema: str = ""
    profile: str = ""


class DatasetInput(Shape):
    """A dataset that is used, and as what."""

    dataset: Dataset = Dataset()
    tags: tuple[Pair, ...] = ()


class ModelInput(Shape):
    """A logged model that is used."""

    model_id: str = ""


class ModelOutput(Shape):
    """A logged model that was made at a step."""

    model_id: str = ""
    step: Whole = 0


class LogInputs(Named):
    """What a run uses."""

    datasets: tuple[DatasetInput, ...] = ()
    models: tuple[ModelInput, ...] = ()


class LogOutputs(Named):
    """What a run has made."""

    models: tuple[ModelOutput, ...] = ()


class LogModel(Named):
    """A model, as old clients tell of it."""

    model_json: str = ""


async def create(service: Service, asked: Create) -> Annotated[Json, answer_shapes.OneRun]:
    """Make a run."""
    tags = _tags(asked.tags)
    name, named = asked.run_name, tags.pop(NAME_TAG, "")
    if name and named and name != named:
        raise bad_value(
            f"Both 'run_name' argument and '{NAME_TAG}' tag are specified, but with different values "
            f"({name!r} and {named!r})"
        )
    run_id = new_run_id()
    edit = edits.CreateRun(
        run_id,
        asked.experiment_id or _DEFAULT_EXPERIMENT,
        limits.require_short("run_name", name or named, limits.RUN_TAG_LENGTH) or run_name(),
        limits.require_short("user_id", asked.user_id, limits.PARAM_LENGTH),
        asked.start_time,
        tags.pop(PARENT_TAG, None),
        tags,
    )
    await service.edit(edit)
    return {"run": await _told(service, run_id)}


async def get(service: Service, asked: Named) -> Annotated[Json, answer_shapes.OneRun]:
    """Return a run, also a deleted one."""
    return {"run": await _told(service, asked.id)}


async def update(service: Service, asked: Update) -> Annotated[Json, answer_shapes.RunUpdated]:
    """Say what has become of a run."""
    run_id = asked.id
    status = None if asked.status == "" else chosen("status", asked.status, _STATUSES)
    name = limits.require_short("run_name", asked.run_name, limits.RUN_TAG_LENGTH) or None
    if asked.end_time is not None:
        # What it logged is packed when it ends, so it must be stored by then.
        await service.settle()
    await service.edit(edits.UpdateRun(run_id, status, asked.end_time, name))
    return {"run_info": answers.run_info(await _run(service, run_id))}


async def delete(service: Service, asked: Named) -> Annotated[Json, answer_shapes.Nothing]:
    """Delete a run."""
    await service.edit(edits.DeleteRun(asked.id))
    return {}


async def restore(service: Service, asked: Named) -> Annotated[Json, answer_shapes.Nothing]:
    """Restore a run."""
    await service.edit(edits.RestoreRun(asked.id))
    return {}


async def search(service: Service, asked: Search) -> Annotated[Json, answer_shapes.Runs]:
    """Return a page of the runs that match."""
    limits.require_results(asked.max_results, _MOST)
    page = await service.search(
        Subject.RUNS,
        asked.filter,
        asked.order_by,
        [str(each) for each in asked.experiment_ids],
        most=asked.max_results,
        token=asked.page_token,
        stages=stages_of(asked.run_view_type),
    )
    links = await service.look("links", lambda: service.store.search.links([each.run_id for each in page]))
    return answers.page("runs", (answers.run(each, links.get(each.run_id)) for each in page), page.next_page_token)


async def log_metric(service: Service, asked: LogMetric) -> Annotated[Json, answer_shapes.Nothing]:
    """Log a point."""
    await service.log(asked.id, [_point(asked)])
    return {}


async def log_param(service: Service, asked: LogParam) -> Annotated[Json, answer_shapes.Nothing]:
    """Log a param."""
    await service.edit(edits.Describe(asked.id, params=_params([Pair(key=asked.key, value=asked.value)])))
    return {}


async def set_tag(service: Service, asked: SetTag) -> Annotated[Json, answer_shapes.Nothing]:
    """Set a tag."""
    await service.edit(edits.Describe(asked.id, tags=_tags([Pair(key=asked.key, value=asked.value)])))
    return {}


async def delete_tag(service: Service, asked: DeleteTag) -> Annotated[Json, answer_shapes.Nothing]:
    """Delete a tag."""
    await service.edit(edits.DeleteRunTag(asked.id, required("key", asked.key)))
    return {}


async def log_batch(service: Service, asked: LogBatch) -> Annotated[Json, answer_shapes.Nothing]:
    """Log points, params and tags; nothing of it if any of it cannot be."""
    run_id = asked.id
    limits.require_batch(
        [
            ("metrics", len(asked.metrics), limits.BATCH_METRICS),
            ("params", len(asked.params), limits.BATCH_PARAMS),
            ("tags", len(asked.tags), limits.BATCH_TAGS),
        ]
    )
    limits.require_once("param", [each.key for each in asked.params])
    points = [_point(each, index) for index, each in enumerate(asked.metrics)]
    params, tags = _params(asked.params), _tags(asked.tags)
    if params or tags or not points:
        await service.edit(edits.Describe(run_id, params, tags))
    if points:
        await service.log(run_id, points)
    return {}


async def log_inputs(service: Service, asked: LogInputs) -> Annotated[Json, answer_shapes.Nothing]:
    """Say what a run uses."""
    datasets = tuple(_used(each) for each in asked.datasets)
    models = tuple(required("model_id", each.model_id) for each in asked.models)
    await service.edit(edits.AddInputs(asked.id, datasets, models))
    return {}


async def log_outputs(service: Service, asked: LogOutputs) -> Annotated[Json, answer_shapes.Nothing]:
    """Say what a run has made."""
    models = tuple((required("model_id", each.model_id), each.step) for each in asked.models)
    await service.edit(edits.AddOutputs(asked.id, models))
    return {}


async def log_model(service: Service, asked: LogModel) -> Annotated[Json, answer_shapes.Nothing]:
    """Tell of a model, as old clients do: in a tag."""
    run_id, text = asked.id, required("model_json", asked.model_json)
    try:
        model = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise invalid("model_json", text).saying("it is no JSON") from None
    if not isinstance(model, dict):
        raise invalid("model_json", text).saying("it is no object")
    missing = [name for name in ("artifact_path", "flavors", "utc_time_created", "run_id") if name not in model]
    if missing:
        raise bad_value(f"Model json is missing mandatory fields: {', '.join(missing)}")
    history = [*_history((await _run(service, run_id)).tags.get(_HISTORY_TAG, "")), model]
    await service.edit(edits.Describe(run_id, tags={_HISTORY_TAG: orjson.dumps(history).decode()}))
    return {}


def _history(known: str) -> list[object]:
    """Return the models that a tag tells of; none if a client has put something else into it."""
    try:
        told = orjson.loads(known or "[]")
    except orjson.JSONDecodeError:
        return []
    return told if isinstance(told, list) else []


async def _told(service: Service, run_id: str) -> Json:
    found = await _run(service, run_id)
    links = await service.look("links", lambda: service.store.search.links([run_id]))
    return answers.run(found, links.get(run_id))


async def _run(service: Service, run_id: str) -> RunInfo:
    found = await service.run(run_id)
    if found is None:
        raise RunNotFound(run_id)
    return found


def _point(said: LogMetric | Point, index: int | None = None) -> PointOf:
    """Return what is said of a point; the index is its place in a batch."""
    if said.value is None or said.timestamp is None:
        field = "value" if said.value is None else "timestamp"
        raise missing(field if index is None else f"metrics[{index}].{field}")
    if said.model_id or said.dataset_name or said.dataset_digest:
        _require_measured(said)
    value = said.value if isinstance(said.value, float) else number_of("value", said.value)
    key = _metric(said.key)
    return PointOf(key, said.step, said.timestamp, value, said.model_id, said.dataset_name, said.dataset_digest)


def _require_measured(said: LogMetric | Point) -> None:
    """Check what says of what a point was measured, and on which dataset."""
    if bool(said.dataset_name) != bool(said.dataset_digest):
        raise bad_value("dataset_name and dataset_digest are given together, or neither")
    limits.require_short("model_id", said.model_id, limits.KEY_LENGTH)
    limits.require_short("dataset_name", said.dataset_name, _LENGTHS["name"])
    limits.require_short("dataset_digest", said.dataset_digest, _LENGTHS["digest"])


@lru_cache(_METRICS)
def _metric(key: str) -> str:
    return limits.require_key("key", required("key", key))


def _params(said: Iterable[Pair]) -> dict[str, str]:
    return {
        limits.require_key("key", required("key", each.key)): limits.cut("value", each.value, limits.PARAM_LENGTH)
        for each in said
    }


def _tags(said: Iterable[Pair]) -> dict[str, str]:
    return {
        limits.require_key("key", required("key", each.key)): limits.cut("value", each.value, limits.RUN_TAG_LENGTH)
        for each in said
    }


def _used(said: DatasetInput) -> RunInput:
    data = said.dataset
    for name, most in _LENGTHS.items():
        limits.require_short(name, getattr(data, name), most)
    tags = {
        limits.require_short("key", required("key", each.key), _INPUT_TAG_KEY): limits.require_short(
            "value", each.value, _INPUT_TAG_VALUE
        )
        for each in said.tags
    }
    name, digest = required("name", data.name), required("digest", data.digest)
    info = DatasetInfo(name, digest, data.source_type, data.source, data.schema, data.profile)
    return RunInput(info, tags)


def _its_experiment(asked: Create) -> list[Thing]:
    return [experiment(asked.experiment_id or _DEFAULT_EXPERIMENT), *_parents(asked.tags)]


def _its_run(asked: Named) -> list[Thing]:
    return [run(asked.id)]


def _run_and_parent(asked: SetTag) -> list[Thing]:
    return [run(asked.id), *_parents([Pair(key=asked.key, value=asked.value)])]


def _run_and_model(asked: LogMetric) -> list[Thing]:
    return [run(asked.id), *_measured([asked])]


def _run_and_all(asked: LogBatch) -> list[Thing]:
    return [run(asked.id), *_measured(asked.metrics), *_parents(asked.tags)]


def _run_and_inputs(asked: LogInputs) -> list[Thing]:
    return [run(asked.id), *(model(each.model_id, read_only=True) for each in asked.models)]


def _run_and_outputs(asked: LogOutputs) -> list[Thing]:
    return [run(asked.id), *(model(each.model_id) for each in asked.models)]


def _parents(tags: Iterable[Pair]) -> Iterable[Thing]:
    return [run(each.value) for each in tags if each.key == PARENT_TAG and each.value]


def _measured(points: Iterable[LogMetric | Point]) -> Iterable[Thing]:
    return map(model, sorted({each.model_id for each in points if each.model_id}))


def routes() -> Sequence[Route]:
    """Return the routes of runs."""
    return [
        Route("POST", f"{_ROOT}/create", create, Create, Permission.EDIT, concerns=_its_experiment),
        Route("GET", f"{_ROOT}/get", get, Named, Permission.READ, concerns=_its_run),
        Route("POST", f"{_ROOT}/update", update, Update, Permission.EDIT, concerns=_its_run),
        Route("POST", f"{_ROOT}/delete", delete, Named, Permission.EDIT, concerns=_its_run),
        Route("POST", f"{_ROOT}/restore", restore, Named, Permission.EDIT, concerns=_its_run),
        Route("POST", f"{_ROOT}/search", search, Search, Permission.READ, concerns=what_may_be_read),
        Route("POST", f"{_ROOT}/log-metric", log_metric, LogMetric, Permission.EDIT, concerns=_run_and_model),
        Route("POST", f"{_ROOT}/log-parameter", log_param, LogParam, Permission.EDIT, concerns=_its_run),
        Route("POST", f"{_ROOT}/set-tag", set_tag, SetTag, Permission.EDIT, concerns=_run_and_parent),
        Route("POST", f"{_ROOT}/delete-tag", delete_tag, DeleteTag, Permission.EDIT, concerns=_its_run),
        Route("POST", f"{_ROOT}/log-batch", log_batch, LogBatch, Permission.EDIT, concerns=_run_and_all),
        Route("POST", f"{_ROOT}/log-inputs", log_inputs, LogInputs, Permission.EDIT, concerns=_run_and_inputs),
        Route("POST", f"{_ROOT}/outputs", log_outputs, LogOutputs, Permission.EDIT, concerns=_run_and_outputs),
        Route("POST", f"{_ROOT}/log-model", log_model, LogModel, Permission.EDIT, concerns=_its_run),
    ]
