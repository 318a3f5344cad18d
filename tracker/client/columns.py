"""Columns that users hand in, made into what is kept, or refused with a line that names them: pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InvalidMetric
from .values import key_of

Column = ArrayLike
# Kinds of NumPy's types that are numbers: bool, signed and unsigned, floats.
_NUMBERS = frozenset("biuf")
_WHOLE = frozenset("iu")


class Columns(NamedTuple):
    """Points of several metrics, each of shape (points,): own copies, which nobody changes any more."""

    steps: NDArray[np.int64]
    timestamps: NDArray[np.int64]
    values: Mapping[str, NDArray[np.float64]]


def columns_of(
    columns: object,
    steps: Sequence[int] | Column | None,
    timestamps: Sequence[int] | Column | None,
    now: int,
) -> Columns:
    """Return columns as int64 and float64; `now` is the timestamp of points that come without one.

    Raises:
        InvalidMetric: a name that is no usable text, or columns that are no numbers, or not equally long.
    """
    if not (isinstance(columns, Mapping) and columns):
        raise InvalidMetric(columns, "a batch is a mapping of names to columns of numbers, such as {'loss': losses}")
    values = {key_of(key): _column(key, column) for key, column in columns.items()}
    count = len(next(iter(values.values())))
    batch = Columns(
        np.arange(count) if steps is None else _whole("steps", steps),
        np.full(count, now) if timestamps is None else _whole("timestamps", timestamps),
        values,
    )
    for key, column in [*values.items(), ("steps", batch.steps), ("timestamps", batch.timestamps)]:
        if len(column) != count:
            raise InvalidMetric(key, f"has {len(column)} points, and {next(iter(values))!r} has {count}")
    return batch


def _column(key: object, column: Column) -> NDArray[np.float64]:
    array = _array(key, column)
    if array.dtype.kind not in _NUMBERS:
        raise InvalidMetric(key, f"a column of {array.dtype} is not one of numbers")
    return np.array(array, dtype=np.float64)


def _whole(name: str, column: Sequence[int] | Column) -> NDArray[np.int64]:
    array = _array(name, column)
    if array.dtype.kind not in _WHOLE and len(array):
        raise InvalidMetric(name, f"are whole numbers of 64 bits, not {array.dtype}")
    if array.dtype.kind == "u" and any(array[array.astype(np.int64) < 0]):
        raise InvalidMetric(name, "a number is beyond 64 bits")
    return np.array(array, dtype=np.int64)


def _array(name: object, column: object) -> NDArray[np.generic]:
    try:
        array = np.asarray(column)
    except (TypeError, ValueError, OverflowError) as problem:
        raise InvalidMetric(name, f"is no column of numbers: {problem}") from problem
    if array.ndim != 1:
        raise InvalidMetric(name, f"a column is of shape (points,), not {array.shape}")
    return array
