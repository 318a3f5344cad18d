"""Which of a model's points is the newest: pure.

The newest point of a model, metric and dataset is the one of the greatest (timestamp, step), and of equals the one that
was logged later. It is kept apart from the older ones: rankings look at nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class Points(NamedTuple):
    """Points by the store's numbers, as columns of shape (points,); a value that is NaN is kept as NULL."""

    model_nos: NDArray[np.int64]
    key_nos: NDArray[np.int64]
    dataset_nos: NDArray[np.int64]
    run_nos: NDArray[np.int64]
    values: NDArray[np.float64]
    steps: NDArray[np.int64]
    timestamps: NDArray[np.int64]

    def where(self, chosen: NDArray[Any]) -> Points:
        """Return some of them, by their places or by a flag for each."""
        return Points(*(column[chosen] for column in self))

    def rows(self) -> list[tuple[int | float, ...]]:
        """Return a row for each, its fields in the order of the columns."""
        return list(zip(*(column.tolist() for column in self), strict=True))


def points(rows: Iterable[Sequence[Any]]) -> Points:
    """Make columns of rows; None as a value is NaN."""
    columns: list[Sequence[Any]] = list(zip(*rows, strict=True)) or [()] * len(Points._fields)
    *names, values, steps, timestamps = columns
    model_nos, key_nos, dataset_nos, run_nos = (np.array(column, dtype=np.int64) for column in names)
    times = np.array(steps, dtype=np.int64), np.array(timestamps, dtype=np.int64)
    return Points(model_nos, key_nos, dataset_nos, run_nos, np.array(values, dtype=np.float64), *times)


def joined(parts: Sequence[Points]) -> Points:
    """Put parts one after the other, at least one."""
    return Points(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def settled(known: Points, added: Points) -> tuple[Points, Points]:
    """Return which points are now newest and were not, and which are now older ones and were not.

    `known` are the newest ones until now, one of a name, and `added` the new ones in the order logged.
    """
    both = joined([known, added])
    order = np.lexsort((both.steps, both.timestamps, both.dataset_nos, both.key_nos, both.model_nos))
    names = [column[order] for column in both[:3]]
    newest = np.ones(len(order), dtype=np.bool_)
    newest[:-1] = np.logical_or.reduce([column[1:] != column[:-1] for column in names])
    was_newest = order < len(known.steps)
    return both.where(order[newest & ~was_newest]), both.where(order[~newest])
