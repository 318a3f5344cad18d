"""Records as frames, and back: pure.

A record's payload is a JSON array of its tag and fields. JSON has no NaN and no infinities, so as a metric's value
they are the strings that MLflow's protocol uses for them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any

import orjson

from ..entities import DatasetInfo, DatasetRef, File
from ..entities.records import (
    AddFiles,
    CreateModel,
    DeleteAlias,
    DeleteModel,
    EndRun,
    Fence,
    FinishModel,
    LogInput,
    LogMetrics,
    LogParams,
    LogPoints,
    MeasureModel,
    PointOf,
    Promote,
    Record,
    Rewind,
    SetAlias,
    SetTags,
    StartRun,
)
from ..errors import StoreError
from .frames import json_frame
from .plain import spelled
from .points import LAYOUT, MODEL_LAYOUT, Layout, ModelLayout

# What a record is by its tag, and the names of what follows the tag.
KINDS: dict[str, type[Any]] = {
    "start": StartRun,
    "end": EndRun,
    "metrics": LogMetrics,
    "points": LogPoints,
    "params": LogParams,
    "tags": SetTags,
    "input": LogInput,
    "model": CreateModel,
    "finish": FinishModel,
    "measure": MeasureModel,
    "files": AddFiles,
    "promote": Promote,
    "alias": SetAlias,
    "unalias": DeleteAlias,
    "delete": DeleteModel,
    "fence": Fence,
    "rewind": Rewind,
}
_TAGS = {kind: tag for tag, kind in KINDS.items()}
FIELDS = {kind: tuple(field.name for field in fields(kind)) for kind in _TAGS}


def encode(record: Record) -> bytes:
    """Return the record's frame."""
    kind = type(record)
    content = [getattr(record, name) for name in FIELDS[kind]]
    if isinstance(record, LogMetrics | MeasureModel):
        content[FIELDS[kind].index("values")] = portable(record.values)
    if isinstance(record, LogPoints):
        content[1] = [(*each[:3], spelled(each.value), *each[4:]) for each in record.points]
    return json_frame([_TAGS[kind], *content])


def portable(values: Mapping[str, float]) -> dict[str, float | str]:
    """Replace what JSON cannot say by its name."""
    return {key: spelled(value) for key, value in values.items()}


def decode(payload: bytes) -> Record | Layout:
    """Rebuild the record, or the layout, of a JSON payload.

    Raises:
        StoreError: a newer version wrote a kind of record that this one does not know.
    """
    try:
        tag, *content = orjson.loads(payload)
        return (_BUILDERS.get(tag) or KINDS[tag])(*content)
    except (KeyError, TypeError, ValueError) as problem:
        message = f"a newer version logged a record ({payload[:20]!r}…) that is not known here: upgrade sweeps-tracker"
        raise StoreError(message) from problem


def _metrics(run_id: str, step: int, timestamp: int, values: dict[str, float]) -> LogMetrics:
    return LogMetrics(run_id, step, timestamp, _numbers(values))


def _points(run_id: str, points: list[list[Any]]) -> LogPoints:
    return LogPoints(
        run_id, tuple(PointOf(key, step, time, float(value), *model) for key, step, time, value, *model in points)
    )


def _measure(
    model_id: str,
    run_id: str,
    step: int,
    timestamp: int,
    values: dict[str, float],
    dataset: dict[str, str] | None,
) -> MeasureModel:
    ref = DatasetRef(**dataset) if dataset else None
    return MeasureModel(model_id, run_id, step, timestamp, _numbers(values), ref)


def _input(run_id: str, dataset: dict[str, str], context: str) -> LogInput:
    return LogInput(run_id, DatasetInfo(**dataset), context)


def _promote(  # the record's fields
    promotion_id: str,
    name: str,
    alias: str,
    model_id: str,
    metric: str,
    goal: str,
    dataset: dict[str, str] | None,
    min_lead: float,
    timestamp: int,
) -> Promote:
    ref = DatasetRef(**dataset) if dataset else None
    return Promote(promotion_id, name, alias, model_id, metric, goal, ref, float(min_lead), timestamp)


def _files(owner: str, files: list[dict[str, Any]], run_id: str = "") -> AddFiles:
    return AddFiles(owner, tuple(File(**file) for file in files), run_id)


def _layout(run_id: str, keys: list[str], once: bool = False) -> Layout:  # noqa: FBT001, FBT002  # as it is written
    return Layout(run_id, tuple(keys), once=once)


def _model_layout(run_id: str, keys: list[str], dataset: dict[str, str] | None) -> ModelLayout:
    return ModelLayout(run_id, tuple(keys), DatasetRef(**dataset) if dataset else None)


def _numbers(values: dict[str, float]) -> dict[str, float]:
    return {key: float(value) for key, value in values.items()}


_BUILDERS: dict[str, Callable[..., Record | Layout]] = {
    LAYOUT: _layout,
    MODEL_LAYOUT: _model_layout,
    "metrics": _metrics,
    "points": _points,
    "measure": _measure,
    "input": _input,
    "files": _files,
    "promote": _promote,
}
