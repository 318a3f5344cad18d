"""Frozen records made into columns by what their dataclass says of them: pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import fields, is_dataclass
from types import NoneType
from typing import Any, get_args, get_origin, get_type_hints

from .column import Column, ColumnType

_TYPES = {bool: ColumnType.TRUTH, int: ColumnType.WHOLE, float: ColumnType.NUMBER}


def record_columns(
    records: Sequence[object], kind: type, *, entries: Sequence[str] = (), leave_out: AbstractSet[str] = frozenset()
) -> list[Column]:
    """Return the columns of records that are all of one dataclass: its fields in their order, then its properties.

    A record within it gives a column for each of its own fields, `lead.noise`; a mapping one for each of its keys,
    `values.accuracy`, and so does a tuple, whose `entries` are named here. What has a text of its own, as a dataset
    has, is that text. Facts that may be None, and are for all, have no column; `leave_out` names others, as fields of
    the record or as columns.
    """
    found = _columns("", kind, records, entries)
    return [column for column in found if leave_out.isdisjoint({column.name, column.name.partition(".")[0]})]


def _columns(prefix: str, kind: type, records: Sequence[object], entries: Sequence[str]) -> Iterator[Column]:
    for name, hint in _facts(kind).items():
        values = [None if record is None else getattr(record, name) for record in records]
        inner, may_be_none = _without_none(hint)
        if not (may_be_none and all(value is None for value in values)):
            yield from _of_fact(f"{prefix}{name}", inner, values, entries)


def _facts(kind: type) -> dict[str, Any]:
    """Return the public facts of a dataclass and their types."""
    hints = get_type_hints(kind)
    named = {field.name: hints[field.name] for field in fields(kind)}
    for name, found in vars(kind).items():
        if isinstance(found, property):
            named[name] = get_type_hints(found.fget)["return"]
    return {name: hint for name, hint in named.items() if not name.startswith("_")}


def _without_none(hint: object) -> tuple[Any, bool]:
    options = get_args(hint)
    if NoneType not in options:
        return hint, False
    return next(option for option in options if option is not NoneType), True


def _of_fact(name: str, kind: Any, values: Sequence[Any], entries: Sequence[str]) -> Iterator[Column]:  # noqa: ANN401
    origin = get_origin(kind)
    if origin is tuple:
        for place, entry in enumerate(entries):
            inner = [None if value is None else value[place] for value in values]
            yield _column(f"{name}.{entry}", get_args(kind)[0], inner)
    elif isinstance(origin, type) and issubclass(origin, Mapping):
        for key in sorted({key for value in values if value is not None for key in value}):
            inner = [None if value is None else value.get(key) for value in values]
            yield _column(f"{name}.{key}", get_args(kind)[1], inner)
    elif is_dataclass(kind) and isinstance(kind, type) and kind.__str__ is object.__str__:
        yield from _columns(f"{name}.", kind, values, entries)
    else:
        yield _column(name, kind, values)


def _column(name: str, hint: object, values: Sequence[object]) -> Column:
    inner, _ = _without_none(hint)
    kind = _TYPES.get(inner, ColumnType.TEXT)
    if kind is ColumnType.TEXT:
        return Column(name, kind, [None if value is None else str(value) for value in values])
    return Column(name, kind, values)
