"""Parts of a run's curves as columns, `metrics.loss.min`: pure.

They go by the filter language's names. A run knows of its curves the least and the greatest finite value and the
values of the outermost steps; what is not kept with it can be filtered and ordered by, and is no column.
"""

from __future__ import annotations

import re
from collections.abc import Container, Sequence
from typing import Any

from ..entities import MetricSummary
from ..errors import InvalidInput
from .column import Column, ColumnType

_PART = re.compile(r"(?P<metric>.+)\.(?P<part>min|max|first|last|latest|best|at\([^)]*\))", re.DOTALL | re.IGNORECASE)
_KEPT = {name: name for name in MetricSummary._fields} | {"latest": "last"}
# What only finite values have, and what says whether there was one.
_OF_FINITE = {"min": "min_step", "max": "max_step"}


def part_column(items: Sequence[Any], name: str, known: Container[str]) -> Column | None:
    """Return the column of a part; None if the name is not that of a part of one of the `known` columns.

    Raises:
        InvalidInput: it is, and the part is not kept with these items.
    """
    match = _PART.fullmatch(name.removeprefix("metrics."))
    if match is None or f"metrics.{match['metric']}" not in known:
        return None
    part = _KEPT.get(match["part"].lower())
    if part is None or not all(hasattr(item, "summaries") for item in items):
        raise InvalidInput(
            f"field {name!r}: {match['part']} can be filtered and ordered by, and is not kept to be shown"
        )
    return Column(name, ColumnType.NUMBER, [_value(item.summaries.get(match["metric"]), part) for item in items])


def _value(summary: MetricSummary | None, part: str) -> object:
    if summary is None or (part in _OF_FINITE and getattr(summary, _OF_FINITE[part]) is None):
        return None
    return getattr(summary, part)
