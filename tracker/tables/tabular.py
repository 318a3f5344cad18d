"""What can become a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from . import arrow, pandas, polars
from .column import Column

if TYPE_CHECKING:
    from .arrow import ArrowTable
    from .pandas import PandasFrame
    from .polars import PolarsFrame


class Tabular:
    """Columns, as pandas, Polars and Arrow know them; who inherits this says which they are."""

    __slots__ = ()

    def columns(self) -> Sequence[Column]:
        """Return the columns of the table; none, unless who inherits this says which."""
        return ()

    def to_pandas(self) -> PandasFrame:
        """Return a pandas DataFrame of `columns`; times are `datetime64[ms, UTC]`.

        What is missing is NaN, and NaT in times; whole numbers and truths among which some are missing are of the
        types `Int64` and `boolean`, which keep them what they are.

        Raises:
            MissingExtra: pandas is not installed.
        """
        return pandas.frame(self.columns())

    def to_polars(self) -> PolarsFrame:
        """Return a Polars DataFrame of `columns`; times are `Datetime("ms", "UTC")`, what is missing is null.

        Raises:
            MissingExtra: Polars is not installed.
        """
        return polars.frame(self.columns())

    def to_arrow(self) -> ArrowTable:
        """Return an Arrow table of `columns`; times are `timestamp[ms, tz=UTC]`, what is missing is null.

        Raises:
            MissingExtra: pyarrow is not installed.
        """
        return arrow.table(self.columns())
