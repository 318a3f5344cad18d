"""The same worlds and searches on our side: the world is written, and searched through the Python API.

What our Python API cannot say yet (IDs and times of its own, a user, a status without an end, experiments without runs,
their times and tags, what is deleted) is said with records of the journal, and the rest in the store's own tables.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import tracker
from tracker.entities import DatasetInfo, DatasetRef
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
from tracker.errors import TrackerError
from tracker.tables import Page

from .cases import NOWHERE, Case
from .worlds import Model, Point, Run, World

EXPERIMENT = """
INSERT OR REPLACE INTO experiments (experiment_id, name, lifecycle_stage, creation_time, last_update_time)
VALUES (?, ?, ?, ?, ?)
"""
EXPERIMENT_TAG = "INSERT INTO experiment_tags (experiment_id, key, value) VALUES (?, ?, ?)"
RUN = "UPDATE runs SET user_id = ?, status = ?, lifecycle_stage = ? WHERE run_id = ?"

Answer = dict[str, Any]
Rows = list[tuple[str, Sequence[object]]]


def write(world: World, store: Path) -> None:
    """Write a world into a new store."""
    with tracker.open(store):
        pass
    _write_rows(store, _experiment_rows(world))
    with tracker.open(store) as t:
        for record in _records(world):
            t.inner.desk.recorder.record(record)
        t.flush()
    _write_rows(store, _run_rows(world))


def _records(world: World) -> Iterator[Record]:
    for run in world.runs:
        yield from _run_records(run)
    for model in world.models:
        yield from _model_records(model)


def _run_records(run: Run) -> Iterator[Record]:
    yield StartRun(run.run_id, run.experiment, run.name, run.parent, run.start_time)
    yield LogParams(run.run_id, run.params)
    yield SetTags(run.run_id, {**run.tags, "mlflow.user": run.user})
    for point in run.points:
        yield LogMetrics(run.run_id, point.step, point.timestamp, {point.key: point.value})
    for used in run.inputs:
        yield LogInput(run.run_id, DatasetInfo(used.name, used.digest), used.context)
    if run.end_time is not None:
        yield EndRun(run.run_id, run.status, run.end_time)


def _model_records(model: Model) -> Iterator[Record]:
    yield CreateModel(
        model.model_id, model.run_id, model.name, model.model_type, None, model.creation_time, model.params, model.tags
    )
    for point in model.points:
        yield _measurement(model, point)
    if model.status != "PENDING":
        yield FinishModel(model.model_id, model.status, model.last_update_time)


def _measurement(model: Model, point: Point) -> MeasureModel:
    dataset = DatasetRef(*point.dataset) if point.dataset else None
    run_id, values = point.run_id or model.run_id, {point.key: point.value}
    return MeasureModel(model.model_id, run_id, point.step, point.timestamp, values, dataset)


def _experiment_rows(world: World) -> Rows:
    rows: Rows = []
    for number, each in enumerate(world.experiments):
        stage = "deleted" if each.deleted else "active"
        rows.append((EXPERIMENT, (number, each.name, stage, each.creation_time, each.last_update_time)))
        rows += [(EXPERIMENT_TAG, (number, *tag)) for tag in each.tags.items()]
    return rows


def _run_rows(world: World) -> Rows:
    return [(RUN, (run.user, run.status, "deleted" if run.deleted else "active", run.run_id)) for run in world.runs]


def _write_rows(store: Path, rows: Rows) -> None:
    with closing(sqlite3.connect(store / "tracker.db", isolation_level=None)) as connection:
        connection.execute("BEGIN")
        for sql, values in rows:
            connection.execute(sql, values)
        connection.execute("COMMIT")


class Searcher:
    """Answers cases from an open store."""

    def __init__(self, t: tracker.Tracker, world: World) -> None:
        self._t = t
        self._numbers = {each.name: str(number) for number, each in enumerate(world.experiments)}

    def answer(self, case: Case) -> Answer:
        """Return the IDs of each page, or how we refuse."""
        try:
            return {"pages": self._pages(case)}
        except TrackerError as problem:
            return {"refused": f"{type(problem).__name__}: {problem}"}

    def _pages(self, case: Case) -> list[list[str]]:
        pages: list[list[str]] = []
        token = None
        while True:
            ids, token = getattr(self, f"_{case.subject}")(case, token)
            pages.append(ids)
            if token is None:
                return pages

    def _ids(self, case: Case) -> list[str] | None:
        if case.experiments is None:
            return None
        return ["424242" if name == NOWHERE else self._numbers[name] for name in case.experiments]

    def _filter(self, case: Case) -> str:
        text = case.filter
        for name, number in self._numbers.items():
            text = text.replace(f"<{name}>", number)
        return text

    def _runs(self, case: Case, token: str | None) -> tuple[list[str], str | None]:
        page = self._t.search_runs(
            self._ids(case),
            filter_string=self._filter(case),
            order_by=case.order_by,
            max_results=case.max_results,
            page_token=token,
        )
        return [run.run_id for run in page], page.next_page_token

    def _models(self, case: Case, token: str | None) -> tuple[list[str], str | None]:
        page = self._t.search_logged_models(
            self._ids(case),
            filter_string=self._filter(case),
            datasets=case.datasets,
            order_by=case.order_by,
            max_results=case.max_results,
            page_token=token,
        )
        return [model.model_id for model in page], page.next_page_token

    def _experiments(self, case: Case, token: str | None) -> tuple[list[str], str | None]:
        search: Any = self._t.search_experiments
        page: Page[tracker.Experiment] = search(
            filter_string=self._filter(case),
            order_by=case.order_by,
            max_results=case.max_results,
            page_token=token,
        )
        return [experiment.name for experiment in page], page.next_page_token
