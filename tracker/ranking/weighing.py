"""Several metrics made into one score by weights: pure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def weighed(costs: Sequence[NDArray[np.float64]], weights: Sequence[float]) -> NDArray[np.float64]:
    """Return scores from 0 to 1, where more is better: the weighted means of the metrics, each stretched to 0 to 1.

    `costs` are finite columns where less is better. 1 is the best and 0 the worst among these candidates, so scores
    say nothing beyond them, and who joins or leaves can change the order of the rest. A metric in which all are equal
    counts 1 for all.
    """
    total = sum(weights)
    parts = [weight / total * _stretched(column) for column, weight in zip(costs, weights, strict=True)]
    result: NDArray[np.float64] = np.add.reduce(parts)
    return result


def _stretched(costs: NDArray[np.float64]) -> NDArray[np.float64]:
    best, worst = np.min(costs, initial=np.inf), np.max(costs, initial=-np.inf)
    if not best < worst:
        return np.ones(len(costs))
    # The halves' difference is finite, where that of the whole may not be.
    half = 0.5 if worst / 2 - best / 2 > np.finfo(np.float64).max / 4 else 1.0
    result: NDArray[np.float64] = (worst * half - costs * half) / (worst * half - best * half)
    return result
