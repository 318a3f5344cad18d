"""Reading curves: whole, in pages, and of many runs at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from ...entities import History, number_in
from ...errors import RunNotFound
from ...filter import Subject
from ...journal import spelled
from ..concerns import what_may_be_read
from ..fields import Shape, invalid, required
from ..problems import bad_value, missing
from ..replies import Reply
from ..routes import Permission, Route
from ..service import Service
from . import answer_shapes, answers
from .answers import Json

_ROOT = "/api/2.0/mlflow/metrics"
_MOST_RUNS = 100
_MOST_AT_INTERVALS = 2500
_MOST_IN_BULK = 25_000


class GetHistory(Shape):
    """One metric of a run."""

    run_id: str = ""
    run_uuid: str = ""
    metric_key: str = ""
    max_results: int | None = None
    page_token: str = ""


class GetBulkInterval(Shape):
    """One metric of many runs, at most so many points of each."""

    run_ids: tuple[str, ...] = ()
    metric_key: str = ""
    start_step: int | None = None
    end_step: int | None = None
    max_results: int = _MOST_AT_INTERVALS


class GetBulk(Shape):
    """One metric of many runs."""

    run_id: tuple[str, ...] = ()
    metric_key: str = ""
    max_results: int = _MOST_IN_BULK


async def get_history(service: Service, asked: GetHistory) -> Annotated[Json, answer_shapes.Metrics]:
    """Return a metric's points by time, step and value; of what is not there none."""
    run_id, key = required("run_id", asked.run_id or asked.run_uuid), required("metric_key", asked.metric_key)
    if asked.max_results is not None and asked.max_results < 1:
        raise invalid("max_results", asked.max_results).saying("it is at least 1")
    start = _place(asked.page_token)
    history = await _history(service, run_id, key)
    order = _order(history)
    end = len(order) if asked.max_results is None else min(len(order), start + asked.max_results)
    points = list(_points(history, key, order[start:end]))
    return answers.page("metrics", points, str(end) if end < len(order) else None)


async def get_bulk_interval(service: Service, asked: GetBulkInterval) -> Annotated[Json, answer_shapes.RunMetrics]:
    """Return some points of each run, evenly chosen: always the first and the last."""
    if not asked.run_ids:
        raise missing("run_ids")
    if len(asked.run_ids) > _MOST_RUNS:
        raise bad_value(f"GetMetricHistoryBulkInterval request must specify at most {_MOST_RUNS} run_ids.")
    key = required("metric_key", asked.metric_key)
    if not 1 <= asked.max_results <= _MOST_AT_INTERVALS:
        raise bad_value(f"max_results must be between 1 and {_MOST_AT_INTERVALS}.")
    if (asked.start_step is None) != (asked.end_step is None):
        raise bad_value("If either start step or end step are specified, both must be specified.")
    if asked.start_step is not None and asked.end_step is not None and asked.start_step > asked.end_step:
        raise bad_value(
            f"end_step must be greater than start_step. Found start_step={asked.start_step}, end_step={asked.end_step}."
        )
    metrics: list[Json] = []
    for run_id in asked.run_ids:
        history = await _history(service, run_id, key)
        order = _order(history)
        if asked.start_step is not None:
            steps = history.steps[order]
            order = order[(steps >= asked.start_step) & (steps <= (asked.end_step or 0))]
        chosen = order[_evenly(len(order), asked.max_results)]
        metrics += [{**point, "run_id": run_id} for point in _points(history, key, chosen)]
    return answers.filled({"metrics": metrics})


async def get_bulk(service: Service, asked: GetBulk) -> Annotated[Reply | Json, answer_shapes.RunMetrics]:
    """Return the first points of each run, by run."""
    if not asked.run_id:
        raise bad_value("GetMetricHistoryBulk request must specify at least one run_id.")
    if len(asked.run_id) > _MOST_RUNS:
        raise bad_value(f"GetMetricHistoryBulk request cannot specify more than {_MOST_RUNS} run_ids.")
    if not asked.metric_key:
        raise bad_value("GetMetricHistoryBulk request must specify a metric_key.")
    most = min(max(asked.max_results, 1), _MOST_IN_BULK)
    metrics: list[Json] = []
    for run_id in sorted(asked.run_id):
        history = await _history(service, run_id, asked.metric_key)
        chosen = _order(history)[: most - len(metrics)]
        metrics += [{**point, "run_id": run_id} for point in _points(history, asked.metric_key, chosen)]
    return {"metrics": metrics}


async def _history(service: Service, run_id: str, key: str) -> History:
    await service.settle()
    if await service.may_read(Subject.RUNS, run_id):
        with suppress(RunNotFound):
            return await service.store.history(run_id, key, None)
    none = np.array([], dtype=np.int64)
    return History(none, none, none.astype(np.float64), "")


def _order(history: History) -> NDArray[np.int64]:
    values = np.where(np.isnan(history.values), 0.0, history.values)
    return np.lexsort((values, history.steps, history.timestamps))


def _points(history: History, key: str, chosen: NDArray[np.int64]) -> Iterator[Json]:
    columns = history.timestamps[chosen].tolist(), history.steps[chosen].tolist(), history.values[chosen].tolist()
    for timestamp, step, value in zip(*columns, strict=True):
        yield {"key": key, "value": spelled(value), "timestamp": timestamp, "step": step}


def _evenly(count: int, most: int) -> NDArray[np.int64]:
    if count <= most:
        return np.arange(count)
    if most == 1:
        return np.array([count - 1])
    return np.linspace(0, count - 1, most).round().astype(np.int64)


def _place(token: str) -> int:
    if not token:
        return 0
    place = number_in(token)
    if place is None:
        raise invalid("page_token", token)
    return place


def routes() -> list[Route]:
    """Return the routes of metrics."""
    return [
        Route("GET", f"{_ROOT}/get-history", get_history, GetHistory, Permission.READ, concerns=what_may_be_read),
        Route(
            "GET",
            f"{_ROOT}/get-history-bulk-interval",
            get_bulk_interval,
            GetBulkInterval,
            Permission.READ,
            concerns=what_may_be_read,
        ),
        Route("GET", f"{_ROOT}/get-history-bulk", get_bulk, GetBulk, Permission.READ, concerns=what_may_be_read),
    ]
