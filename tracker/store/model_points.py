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

    `known` are the newest ones until now, one of a name, and `added` the new ones in the order logged. An exact repeat,
    of the one known or the one before it, is left out: a client that got no answer sends again what may be stored.
    """
    both = joined([known, added])
    order = np.lexsort((both.steps, both.timestamps, both.dataset_nos, both.key_nos, both.model_nos))
    order = order[~_repeats(both.where(order))]
    names = [column[order] for column in both[:3]]
    newest = np.ones(len(order), dtype=np.bool_)
    newest[:-1] = np.logical_or.reduce([column[1:] != column[:-1] for column in names])
    was_newest = order < len(known.steps)
    return both.where(order[newest & ~was_newest]), both.where(order[~newest])


def not_among(older: Points, known: Points, stored: Points) -> Points:
    """Return older points without exact repeats of what is stored of their names, behind the newest one known."""
    newest = {row[:3]: (row[6], row[5]) for row in known.rows()}
    before = {_told(row) for row in stored.rows()}
    late = [row[:3] in newest and (row[6], row[5]) < newest[row[:3]] and _told(row) in before for row in older.rows()]
    return older.where(~np.array(late, dtype=np.bool_))


def _told(row: tuple[int | float, ...]) -> tuple[object, ...]:
    return tuple("NaN" if value != value else value for value in row)  # noqa: PLR0124  # only NaN is not itself


def _repeats(sorted_points: Points) -> NDArray[np.bool_]:
    """Say of each point whether it is the same as the one before it."""
    repeats = np.zeros(len(sorted_points.steps), dtype=np.bool_)
    same = [column[1:] == column[:-1] for column in sorted_points]
    values = sorted_points.values
    same[4] |= np.isnan(values[1:]) & np.isnan(values[:-1])
    repeats[1:] = np.logical_and.reduce(same)
    return repeats
