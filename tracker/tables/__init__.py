"""Results as tables: lists of runs, logged models and experiments, as pandas, Polars and Arrow know them."""

from __future__ import annotations

from .column import Column, ColumnType, column_of
from .page import Page
from .records import record_columns
from .rows import Rows
from .tabular import Tabular

__all__ = ["Column", "ColumnType", "Page", "Rows", "Tabular", "column_of", "record_columns"]
