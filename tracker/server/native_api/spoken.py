"""What a journal speaks of: pure.

A run that it starts is one of the experiment that it names, and so is all that it says of that run: if the experiment
is another's, all of it is refused together.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from ...entities.records import (
    AddFiles,
    CreateModel,
    DeleteAlias,
    DeleteModel,
    FinishModel,
    LogPoints,
    MeasureModel,
    Promote,
    Record,
    SetAlias,
    SetTags,
    StartRun,
)
from ...journal import Layout, ModelBlock, Received, Said
from ..concerns import Kind, Thing, model, owner_of, registered_model, run
from ..mlflow_api.answers import PARENT_TAG


def spoken_of(received: Received) -> list[Thing]:
    """Return the things that a journal speaks of, that first which comes first, and which frames these are."""
    told = received.said()
    frames: dict[tuple[Kind, str], list[int]] = defaultdict(list)
    new: set[tuple[Kind, str]] = set()
    for thing, numbers in (pair for said in told for pair in _things(said)):
        frames[thing[:2]] += numbers
        if thing.may_be_new:
            new.add(thing[:2])
    for run_id, name in _started(told):
        frames[Kind.EXPERIMENT_NAME, name] += frames[Kind.RUN, run_id]
    edges, places = received.edges, {key: _first(numbers) for key, numbers in frames.items()}
    return [
        Thing(*key, may_be_new=key in new, frames=(edges[first], edges[last + 1]))
        for key, (first, last) in sorted(places.items(), key=lambda each: each[1][0])
    ]


def new_names(received: Received) -> tuple[list[str], list[str]]:
    """Return the names of experiments and registered models that a journal would have made if there are none."""
    told = [said.what for said in received.said()]
    experiments = [what.experiment for what in told if isinstance(what, StartRun)]
    registered = [what.name for what in told if isinstance(what, Promote)]
    return list(dict.fromkeys(experiments)), list(dict.fromkeys(registered))


def _started(told: Iterable[Said]) -> Iterator[tuple[str, str]]:
    for _, what in told:
        if isinstance(what, StartRun):
            yield what.run_id, what.experiment


def _first(numbers: Iterable[int]) -> tuple[int, int]:
    """Return the first and the last of the numbers that follow each other from the least on."""
    first, *rest = sorted({*numbers})
    last = first
    for number in rest:
        if number > last + 1:
            break
        last = number
    return first, last


def _things(said: Said) -> Iterator[tuple[Thing, Sequence[int]]]:
    numbers, what = said
    if isinstance(what, ModelBlock):
        yield run(what.run_id), numbers
        for model_id, places in _places(what.model_ids).items():
            yield _new_model(model_id), [numbers[place] for place in places]
    else:
        for thing in [run(what.run_id)] if isinstance(what, Layout) else _of_record(what):
            yield thing, numbers


def _places(model_ids: Sequence[str]) -> dict[str, list[int]]:
    places: dict[str, list[int]] = defaultdict(list)
    for place, model_id in enumerate(model_ids):
        places[model_id].append(place)
    return places


def _of_record(record: Record) -> Iterable[Thing]:  # noqa: PLR0911  # one for each kind
    match record:
        case StartRun(run_id=run_id, experiment=name, parent_run_id=parent):
            made = [Thing(Kind.EXPERIMENT_NAME, name, may_be_new=True), Thing(Kind.RUN, run_id, may_be_new=True)]
            return [*made, *_runs(parent)]
        case SetTags(run_id=run_id, values=tags):
            return [run(run_id), *_runs(tags.get(PARENT_TAG))]
        case LogPoints(run_id=run_id, points=points):
            return [run(run_id), *map(_new_model, sorted({each.model_id for each in points} - {""}))]
        case AddFiles(owner=owner, run_id=run_id):
            # Of a run it is said as of one that is there; a logged model may be told of later.
            return [owner_of(owner, may_be_new=owner.startswith("m-")), *_runs(run_id)]
        case CreateModel() | FinishModel() | MeasureModel():
            return [*_runs(record.run_id), _new_model(record.model_id)]
        case DeleteModel(model_id=model_id):
            return [model(model_id)]
        case Promote(name=name, model_id=model_id):
            return [Thing(Kind.REGISTERED_MODEL, name, may_be_new=True), model(model_id)]
        case SetAlias(name=name) | DeleteAlias(name=name):
            return [registered_model(name)]
        case _:
            return [run(record.run_id)]


def _runs(run_id: str | None) -> Iterable[Thing]:
    return [run(run_id)] if run_id else []


def _new_model(model_id: str) -> Thing:
    return Thing(Kind.MODEL, model_id, may_be_new=True)
