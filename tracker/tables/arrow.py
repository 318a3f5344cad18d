"""Columns as an Arrow table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeAlias

from ..errors import MissingExtra
from .column import Column, ColumnType

if TYPE_CHECKING:
    import pyarrow as pa

    ArrowTable: TypeAlias = pa.Table


def table(columns: Sequence[Column]) -> ArrowTable:
    """Return a table of columns.

    Raises:
        MissingExtra: pyarrow is not installed.
    """
    try:
        import pyarrow as pa
    except ModuleNotFoundError as problem:
        raise MissingExtra("pyarrow", "arrow") from problem
    types = {
        ColumnType.TEXT: pa.string(),
        ColumnType.TRUTH: pa.bool_(),
        ColumnType.WHOLE: pa.int64(),
        ColumnType.NUMBER: pa.float64(),
        ColumnType.TIME: pa.timestamp("ms", tz="UTC"),
    }
    made: ArrowTable = pa.table({each.name: pa.array(each.values, type=types[each.type]) for each in columns})
    return made
