"""Which of a logged model's points of a metric counts: pure. `Counting` says what each choice means."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .candidates import tamed
from .ordering import Places
from .rank_by import Counting


@dataclass(frozen=True, slots=True, eq=False)
class Points:
    """Points of one metric, in the order logged, as columns of shape (points,).

    `owners` says whose they are: the place of the logged model among the candidates.
    """

    owners: NDArray[np.int64]
    steps: NDArray[np.int64]
    timestamps: NDArray[np.int64]
    values: NDArray[np.float64]
    dataset_nos: NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Counted:
    """What counts of each candidate, as columns of shape (candidates,).

    `points` says how many points went into each value: 0 where there is none, and the value is NaN then.
    `dataset_nos` is the dataset of the point that counts, and of the last one of a mean.
    """

    values: NDArray[np.float64]
    points: NDArray[np.int64]
    dataset_nos: NDArray[np.int64]


def counted(points: Points, candidates: int, counting: Counting, goal: str = "maximize") -> Counted:
    """Choose or compute the value that counts of each candidate; `goal` matters only for the best."""
    if counting.kind == "mean":
        return _means(points, candidates, counting.steps)
    if counting.kind == "last":
        return _chosen(points, candidates, _in_turn(points, points.steps, points.timestamps))
    newest = _in_turn(points, points.timestamps, points.steps)
    return _chosen(points, candidates, newest if counting.kind == "latest" else _best_at_the_end(points, newest, goal))


def _in_turn(points: Points, first: NDArray[np.int64], second: NDArray[np.int64]) -> Places:
    """Sort by owner, then by two columns, then in the order logged."""
    return np.lexsort((second, first, points.owners))


def _best_at_the_end(points: Points, order: Places, goal: str) -> Places:
    """Append the finite points in an order whose last one of each owner is its best."""
    finite = order[np.isfinite(points.values[order])]
    goodness = (1.0 if goal == "maximize" else -1.0) * points.values[finite]
    steps, timestamps = points.steps[finite], points.timestamps[finite]
    return np.concatenate((order, finite[np.lexsort((~timestamps, ~steps, goodness))]))


def _chosen(points: Points, candidates: int, order: Places) -> Counted:
    """Take the last point of each owner in that order."""
    place = np.full(candidates, -1)
    # Of several values for one place the last one stays.
    place[points.owners[order]] = order
    has_any = place >= 0
    values, dataset_nos = np.full(candidates, np.nan), np.zeros(candidates, dtype=np.int64)
    values[has_any], dataset_nos[has_any] = points.values[place[has_any]], points.dataset_nos[place[has_any]]
    return Counted(values, has_any.astype(np.int64), dataset_nos)


def _means(points: Points, candidates: int, steps: int) -> Counted:
    order = _in_turn(points, points.steps, points.timestamps)
    last = _chosen(points, candidates, order)
    owners = points.owners[order]
    is_last_of_step = np.ones(len(order), dtype=np.bool_)
    in_turn = points.steps[order]
    is_last_of_step[:-1] = (owners[1:] != owners[:-1]) | (in_turn[1:] != in_turn[:-1])
    order, owners = order[is_last_of_step], owners[is_last_of_step]
    many = np.bincount(owners, minlength=candidates)
    is_late = np.cumsum(many)[owners] - np.arange(len(order)) <= steps
    order, owners = order[is_late], owners[is_late]
    return Counted(_mean_of_each(points.values[order], owners, last.values), np.minimum(many, steps), last.dataset_nos)


def _mean_of_each(
    values: NDArray[np.float64],
    owners: NDArray[np.int64],
    anchors: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return each owner's mean, NaN unless all its values are finite; that of equal values is exactly theirs."""
    candidates = len(anchors)
    finite = np.isfinite(values)
    is_whole = np.bincount(owners, ~finite, candidates) == 0
    small, factor = tamed(values[finite])
    start = np.where(is_whole, anchors, 0.0) / factor
    excess = np.bincount(owners[finite], small - start[owners[finite]], candidates)
    many = np.maximum(np.bincount(owners, minlength=candidates), 1)
    return np.where(is_whole, (start + excess / many) * factor, np.nan)
