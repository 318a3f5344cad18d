"""Runs, logged models, experiments, registered models and their versions made into columns: pure.

First come the attributes, by the names that the dataclasses have; then `metrics.…`, `params.…` and `tags.…`, each
sorted by name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..entities import Experiment, ModelInfo, ModelVersion, RegisteredModel, RunInfo
from ..errors import InvalidInput, suggestion
from .column import Column, ColumnType, column_of
from .measured import metric_columns
from .parts import part_column

Entity = type[RunInfo] | type[ModelInfo] | type[Experiment] | type[RegisteredModel] | type[ModelVersion]
_TEXT, _WHOLE, _TIME = ColumnType.TEXT, ColumnType.WHOLE, ColumnType.TIME
ATTRIBUTES: Mapping[Entity, Mapping[str, ColumnType]] = {
    RunInfo: {
        "run_id": _TEXT,
        "name": _TEXT,
        "experiment_id": _TEXT,
        "experiment": _TEXT,
        "parent_run_id": _TEXT,
        "status": _TEXT,
        "start_time": _TIME,
        "end_time": _TIME,
        "user_id": _TEXT,
        "lifecycle_stage": _TEXT,
        "artifact_uri": _TEXT,
    },
    ModelInfo: {
        "model_id": _TEXT,
        "name": _TEXT,
        "experiment_id": _TEXT,
        "run_id": _TEXT,
        "step": _WHOLE,
        "status": _TEXT,
        "model_type": _TEXT,
        "creation_timestamp": _TIME,
        "last_updated_timestamp": _TIME,
        "lifecycle_stage": _TEXT,
        "artifact_uri": _TEXT,
    },
    Experiment: {
        "experiment_id": _TEXT,
        "name": _TEXT,
        "lifecycle_stage": _TEXT,
        "creation_time": _TIME,
        "last_update_time": _TIME,
        "artifact_location": _TEXT,
    },
    RegisteredModel: {
        "name": _TEXT,
        "creation_timestamp": _TIME,
        "last_updated_timestamp": _TIME,
        "description": _TEXT,
    },
    ModelVersion: {
        "name": _TEXT,
        "version": _WHOLE,
        "model_id": _TEXT,
        "run_id": _TEXT,
        "source": _TEXT,
        "creation_timestamp": _TIME,
        "last_updated_timestamp": _TIME,
        "description": _TEXT,
        "stage": _TEXT,
        "user_id": _TEXT,
        "run_link": _TEXT,
    },
}
_MEASURED = frozenset({RunInfo, ModelInfo})
# What stands before the dot of a column that is no attribute, and the type of one that no row has.
_FAMILIES: Mapping[str, ColumnType] = {"metrics": ColumnType.NUMBER, "params": _TEXT, "tags": _TEXT}


def entity_of(items: Sequence[object]) -> Entity | None:
    """Say what items are; None if there are none, or if they are something else."""
    kind = type(_info(items[0])) if items else None
    return next((entity for entity in ATTRIBUTES if kind is entity), None)


def columns_of(items: Sequence[object], entity: Entity | None) -> list[Column]:
    """Return the columns of items that are all of one kind; a logged model may come as it is or as its `ModelInfo`."""
    if entity is None:
        return []
    infos = [_info(item) for item in items]
    return [
        *(_attribute(infos, name, kind) for name, kind in ATTRIBUTES[entity].items()),
        *(_metrics(items, entity) if entity in _MEASURED else ()),
        *(_family("params", [info.params for info in infos]) if entity in _MEASURED else ()),
        *_family("tags", [info.tags for info in infos]),
    ]


def selected(
    columns: Iterable[Column], fields: Iterable[str], items: Sequence[object], entity: Entity | None
) -> list[Column]:
    """Return the columns that are asked for, in that order; `metrics`, `params` and `tags` are all of them.

    A metric, a param or a tag that no row has is a column without values; `metrics.loss.min` is a part of a curve.

    Raises:
        InvalidInput: a field is none that there could be.
    """
    known = {column.name: column for column in columns}
    families = ("tags",) if entity and entity not in _MEASURED else tuple(_FAMILIES)
    chosen = [column for field in fields for column in _asked(known, field, families, items)]
    return list({column.name: column for column in chosen}.values())


def _asked(known: Mapping[str, Column], field: str, families: Sequence[str], items: Sequence[object]) -> list[Column]:
    if field in known:
        return [known[field]]
    family, dot, key = field.partition(".")
    if family not in families:
        attributes = {name for name in known if name.partition(".")[0] not in _FAMILIES}
        raise InvalidInput(f"no field {field!r}{suggestion(field, attributes | {*families})}")
    if not dot:
        return [column for name, column in known.items() if name.startswith(f"{field}.")]
    if not key:
        raise InvalidInput(f"field {field!r} needs a name behind its dot")
    part = part_column(items, field, known) if family == "metrics" else None
    return [part or Column(field, _FAMILIES[family], [None] * len(items))]


def _info(item: object) -> Any:  # noqa: ANN401  # one of the dataclasses, by the entity
    """Return the dataclass of an item: a logged model has it inside."""
    return getattr(item, "info", item)


def _attribute(infos: Sequence[object], name: str, kind: ColumnType) -> Column:
    values = [getattr(info, name) for info in infos]
    return Column(name, kind, [None if value is None else str(value) for value in values] if kind is _TEXT else values)


def _metrics(items: Sequence[Any], entity: Entity) -> list[Column]:
    if entity is ModelInfo:
        wanted = getattr(items[0], "searched_by", None) if items else None
        return metric_columns([item.measurements for item in items], wanted)
    names = sorted({key for item in items for key in item.metrics})
    return [Column(f"metrics.{name}", ColumnType.NUMBER, [item.metrics.get(name) for item in items]) for name in names]


def _family(family: str, mappings: Sequence[Mapping[str, object]]) -> list[Column]:
    names = sorted({key for mapping in mappings for key in mapping})
    return [column_of(f"{family}.{name}", [mapping.get(name) for mapping in mappings]) for name in names]
