"""A named column of values of one type: pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto

# What int64 can hold.
_LEAST, _GREATEST = -(2**63), 2**63 - 1


class ColumnType(Enum):
    """What a column's values are; any of them may be None, which is missing.

    TIME is whole milliseconds since the epoch, to be given out as times in UTC.
    """

    TEXT = auto()
    TRUTH = auto()
    WHOLE = auto()
    NUMBER = auto()
    TIME = auto()


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table; `values` has as many entries as the table has rows."""

    name: str
    type: ColumnType
    values: Sequence[object]


def column_of(name: str, values: Sequence[object]) -> Column:
    """Make a column of values of any type: numbers stay numbers if all are, truths if all are; else it is their text.

    The text is the one that filters compare with, so that what a table shows can be searched for.
    """
    kind = _type_of([value for value in values if value is not None])
    if kind is ColumnType.TEXT:
        return Column(name, kind, [None if value is None else str(value) for value in values])
    if kind is ColumnType.NUMBER:
        return Column(name, kind, [float(value) if isinstance(value, int | float) else None for value in values])
    return Column(name, kind, values)


def _type_of(values: Sequence[object]) -> ColumnType:
    numbers = [value for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
    if len(numbers) < len(values) or not values:
        truths = bool(values) and all(isinstance(value, bool) for value in values)
        return ColumnType.TRUTH if truths else ColumnType.TEXT
    whole = [number for number in numbers if isinstance(number, int)]
    if len(whole) == len(numbers):
        return ColumnType.WHOLE if all(_LEAST <= number <= _GREATEST for number in whole) else ColumnType.TEXT
    return ColumnType.NUMBER if all(_is_exact(number) for number in whole) else ColumnType.TEXT


def _is_exact(number: int) -> bool:
    """Say whether a float holds a whole number with all its digits."""
    return _LEAST <= number <= _GREATEST and int(float(number)) == number
