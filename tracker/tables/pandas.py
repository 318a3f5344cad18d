"""Columns as a pandas DataFrame."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..errors import MissingExtra
from .column import Column, ColumnType

if TYPE_CHECKING:
    import pandas as pd

    PandasFrame = pd.DataFrame

# The first version whose texts have a type of their own.
_TYPED_TEXT = 3


def frame(columns: Sequence[Column]) -> PandasFrame:
    """Return a DataFrame of columns.

    Raises:
        MissingExtra: pandas is not installed.
    """
    try:
        import pandas as pd
    except ModuleNotFoundError as problem:
        raise MissingExtra("pandas", "pandas") from problem
    text = "str" if int(pd.__version__.partition(".")[0]) >= _TYPED_TEXT else "object"
    series: dict[str, object] = {}
    for column in columns:
        if column.type is ColumnType.TIME:
            times = np.array(column.values, dtype="datetime64[ms]")
            series[column.name] = pd.Series(times).dt.tz_localize("UTC")
        else:
            series[column.name] = pd.Series(list(column.values), dtype=_type_name(column, text))
    return pd.DataFrame(series)


def _type_name(column: Column, text: str) -> str:
    """Return the plain type; the types that have a place for what is missing only where that is needed."""
    missing = any(value is None for value in column.values)  # noqa: PD011  # a column of ours
    return {
        ColumnType.TEXT: text,
        ColumnType.TRUTH: "boolean" if missing else "bool",
        ColumnType.WHOLE: "Int64" if missing else "int64",
        ColumnType.NUMBER: "float64",
    }[column.type]
