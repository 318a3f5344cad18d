"""Results as tables, as pandas, Polars and Arrow know them: lists of whatever searches find."""

from __future__ import annotations

from .column import Column, ColumnType, column_of
from .columns import Entity
from .page import Page
from .records import record_columns
from .rows import Rows
from .tabular import Tabular

__all__ = ["Column", "ColumnType", "Entity", "Page", "Rows", "Tabular", "column_of", "record_columns"]
