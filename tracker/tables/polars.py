"""Columns as a Polars DataFrame."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..errors import MissingExtra
from .column import Column, ColumnType

if TYPE_CHECKING:
    import polars as pl

    PolarsFrame = pl.DataFrame


def frame(columns: Sequence[Column]) -> PolarsFrame:
    """Return a DataFrame of columns.

    Raises:
        MissingExtra: Polars is not installed.
    """
    try:
        import polars as pl
    except ModuleNotFoundError as problem:
        raise MissingExtra("polars", "polars") from problem
    types: dict[ColumnType, type[pl.DataType]] = {
        ColumnType.TEXT: pl.String,
        ColumnType.TRUTH: pl.Boolean,
        ColumnType.WHOLE: pl.Int64,
        ColumnType.NUMBER: pl.Float64,
        ColumnType.TIME: pl.Int64,
    }
    plain = pl.DataFrame([pl.Series(each.name, each.values, dtype=types[each.type]) for each in columns])
    times = [each.name for each in columns if each.type is ColumnType.TIME]
    return plain.with_columns(pl.col(times).cast(pl.Datetime("ms", "UTC")))
