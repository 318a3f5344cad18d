"""Stores to search in, filled through the product's own journal and writer: no row is made by hand."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import orjson

import tracker
from tracker.entities import DatasetInfo, DatasetRef, RunStatus
from tracker.entities.records import (
    CreateModel,
    EndRun,
    FinishModel,
    LogInput,
    LogMetrics,
    LogParams,
    MeasureModel,
    Record,
    SetTags,
    StartRun,
)

from ..figures import Answer, Figure
from ..peers import given, work
from ..peers.given import GivenModel, GivenRun, Shape
from ..programs import Facts, run
from ..setting import Setting

FLUSH_SECONDS = 3600
SMALLER = 100
# The store's folder holds nothing but the store, but for this.
FACTS = "filling.json"
VALIDATION = DatasetInfo(given.DATASET, given.DIGEST, "", "", "", "")
HELD_OUT = DatasetRef(given.HELD_OUT, given.HELD_OUT_DIGEST)
# Every so many models have a tag.
TAGGED = 10
TAGS = {"seen": "yes"}
SHAPES: dict[str, Callable[[int], Shape]] = {"models": Shape, "models-of-peers": given.beside_peers}
RUNS = "runs"


def fill_models(folder: Path, shape: Shape) -> Facts:
    """Fill a store with models, as programs would that log them, but for their files."""
    return fill(folder, model_records(shape))


def fill_runs(folder: Path, count: int) -> Facts:
    """Fill a store with runs that have logged fifty metrics each."""
    return fill(folder, run_records(given.long_runs(count)))


def fill(folder: Path, records: Iterable[Record]) -> Facts:
    """Say all records to a new store, and leave it as it is once all is stored and quiet."""
    started = time.perf_counter()
    with tracker.open(folder) as store:
        record, count = store.inner.engine.recorder.record, 0
        for count, each in enumerate(records, 1):  # noqa: B007  # how many there were
            record(each)
        level = store.flush(FLUSH_SECONDS)
        if level != tracker.Level.STORED:
            raise SystemExit(f"after {FLUSH_SECONDS} s the records are only {level}")
    with tracker.open(folder) as store:
        store.flush(FLUSH_SECONDS)
    return {"records": count, "seconds": time.perf_counter() - started, "bytes": database(folder).stat().st_size}


def database(folder: Path) -> Path:
    """Return the SQLite file of a store."""
    return folder / "tracker.db"


def run_records(runs: Iterable[GivenRun]) -> Iterator[Record]:
    """Yield what programs say of their runs, one whole run after the other."""
    for each in runs:
        yield from beginning(each)
        yield LogMetrics(each.run_id, 1, each.start_time, each.metrics)
        yield EndRun(each.run_id, RunStatus.FINISHED, each.start_time + given.RUN_MS)


def model_records(shape: Shape) -> Iterator[Record]:
    """Yield what programs say of their runs and the models that these make."""
    by_run = itertools.groupby(given.models(shape), key=lambda model: model.run)
    for number, (its_run, (_, models)) in enumerate(zip(given.runs(shape), by_run, strict=True)):
        yield from beginning(its_run)
        yield LogInput(its_run.run_id, VALIDATION, "validation")
        for place, model in enumerate(models, number * shape.per_run):
            yield from of_model(model, its_run.run_id, TAGS if place % TAGGED == 0 else {})
        yield EndRun(its_run.run_id, RunStatus.FINISHED, its_run.start_time + given.RUN_MS)


def beginning(run: GivenRun) -> Iterator[Record]:
    """Yield what is said of a run at first."""
    yield StartRun(run.run_id, given.EXPERIMENT, f"run-{run.run_id[:6]}", None, run.start_time)
    yield LogParams(run.run_id, run.params)
    yield SetTags(run.run_id, {"host": "here"})


def of_model(model: GivenModel, run_id: str, tags: dict[str, str]) -> Iterator[Record]:
    """Yield what is said of a model; it has no files."""
    at = model.step, model.timestamp
    yield CreateModel(model.model_id, run_id, given.NAME, "", *at, {}, tags)
    yield FinishModel(model.model_id, "READY", model.timestamp)
    yield MeasureModel(model.model_id, run_id, *at, model.metrics, VALIDATION.ref)
    if model.held_out is not None:
        yield MeasureModel(model.model_id, run_id, *at, {"accuracy": model.held_out}, HELD_OUT)


def large(setting: Setting) -> Path:
    """Return the store of many models that most questions are about."""
    return shared(setting, "models", setting.models)


def small(setting: Setting) -> Path:
    """Return the same with a hundredth of the models."""
    return shared(setting, "models", smaller(setting.models))


def smaller(models: int) -> int:
    """Return how many models the small store has."""
    return max(1, models // SMALLER)


def shared(setting: Setting, kind: str, count: int) -> Path:
    """Return a store of so many of a kind, filled in a process of its own and kept as long as the suite runs."""

    def filled(folder: Path) -> None:
        setting.say(f"  filling a store with {count:,} {kind} …")
        facts = run("searching.stores", models=count, folder=folder, mode=kind)
        (folder / FACTS).write_bytes(orjson.dumps(facts))

    return setting.shared(f"{kind}-{count}", filled)


def facts_of(folder: Path) -> Facts:
    """Return what was found out when a store was filled."""
    facts: Facts = orjson.loads((folder / FACTS).read_bytes())
    return facts


def answer(setting: Setting) -> Answer:
    """Fill the store that most questions are about."""
    facts = facts_of(large(setting))
    title = f"filling a store with {setting.models:,} models"
    return Answer(
        [
            Figure(title, "models/s", setting.models / facts["seconds"]),
            Figure(title, "bytes a model", facts["bytes"] / setting.models),
        ],
        facts,
    )


def main() -> None:
    """Fill one."""
    asked = work.arguments(__doc__)
    if asked.mode == RUNS:
        work.answer(fill_runs(asked.folder, asked.models))
    else:
        work.answer(fill_models(asked.folder, SHAPES[asked.mode](asked.models)))


if __name__ == "__main__":
    main()
