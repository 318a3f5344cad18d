"""Means over neighbouring checkpoints: pure."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .candidates import NO_STEP, Candidates, tamed
from .ordering import Places, begins_of


class Smoothed(NamedTuple):
    """Means, and over how many checkpoints each was taken; both of shape (n,)."""

    values: NDArray[np.float64]
    counts: NDArray[np.int64]


def smoothed(candidates: Candidates, metric: str, window: int) -> Smoothed:
    """Replace each value by the mean over `window` neighbouring checkpoints of its run and dataset, itself the middle.

    Neighbours are counted along the steps, whatever their distance; those without a finite value are skipped, as if
    they had not been saved. Near a curve's ends, what there is of the window counts, so an outlier there is smoothed
    too. NaN stands where there is no finite value or no step.
    """
    values = candidates.column(metric)
    order, curves = along_curves(candidates, metric)
    small, factor = tamed(values[order])
    excess, counts = np.zeros(len(order)), np.ones(len(order), dtype=np.int64)
    for distance in range(1, min(window // 2 + 1, len(order))):
        same = curves[distance:] == curves[:-distance]
        step_up = np.where(same, small[distance:] - small[:-distance], 0.0)
        excess[:-distance] += step_up
        excess[distance:] -= step_up
        counts[:-distance] += same
        counts[distance:] += same
    result = Smoothed(np.full(len(values), np.nan), np.zeros(len(values), dtype=np.int64))
    result.values[order], result.counts[order] = (small + excess / counts) * factor, counts
    return result


def along_curves(candidates: Candidates, metric: str) -> tuple[Places, NDArray[np.int64]]:
    """Sort those with a step and a finite value by run, dataset and step; return them, and a number for each curve."""
    has_place = np.isfinite(candidates.column(metric)) & (candidates.steps != NO_STEP)
    among = np.flatnonzero(has_place)
    runs, datasets = candidates.run_nos[among], candidates.datasets(metric)[among]
    order = np.lexsort((candidates.model_nos[among], candidates.steps[among], datasets, runs))
    numbers = np.zeros(len(order), dtype=np.int64)
    numbers[begins_of(runs[order], datasets[order])] = 1
    return among[order], np.cumsum(numbers)
