"""Groups of seeds, and how good they are at least: pure.

A group is judged by a bound that its true mean keeps to with the given confidence, by Student's t distribution over
its seeds: the mean less t(k - 1) standard errors (more, where less is better). So a wide spread and few seeds both
count against it. One seed has no spread, and its bound is unknown: such groups come after all others, by their value.
To lend them the spread of other groups would be a guess, for how much seeds matter depends on the params, and it
would let a lucky seed of an unsteady trial win among steady ones.

Each seed stands for its best checkpoint, for that is the one that would be used. The best of many noisy measurements
is too good to be true, more so the more there are; smoothing takes most of that away.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from .candidates import tamed
from .ordering import Places, begins_of, best_of_each, order_of, sizes_of, together
from .student import quantile

# Costs, steps, and what is unique: what one order is made by.
Keys: TypeAlias = tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]


@dataclass(frozen=True, slots=True, eq=False)
class SeedGroups:
    """Groups, the best first, as columns of shape (groups,).

    `costs` are values turned so that less is better, and so are `means` and `bounds`; what is unknown is NaN.
    `models` is where each group's best checkpoint stands among the candidates.
    """

    labels: NDArray[np.int64]
    seeds: NDArray[np.int64]
    means: NDArray[np.float64]
    deviations: NDArray[np.float64]
    errors: NDArray[np.float64]
    bounds: NDArray[np.float64]
    models: Places

    def at(self, places: Places) -> SeedGroups:
        """Return some groups, in that order."""
        return SeedGroups(
            self.labels[places],
            self.seeds[places],
            self.means[places],
            self.deviations[places],
            self.errors[places],
            self.bounds[places],
            self.models[places],
        )


def seed_groups(
    groups: NDArray[np.int64],
    seeds: NDArray[np.int64],
    keys: Keys,
    confidence: float,
    top: int | None = None,
) -> SeedGroups:
    """Group candidates and rank the groups; with `top`, return only the first so many.

    `keys` are costs (finite, less is better), steps and model numbers. All columns have the shape (n,).
    """
    best = _best_of_each_seed(groups, seeds, keys)
    costs = keys[0][best]
    begins = begins_of(groups[best])
    sizes = sizes_of(begins, len(best))
    means, deviations = _spread(costs, begins, sizes)
    errors = deviations / np.sqrt(sizes)
    with np.errstate(over="ignore"):
        bounds = means + _quantiles(sizes, confidence) * errors
    models = best_of_each(keys, best, begins)
    result = SeedGroups(groups[best][begins], sizes, means, deviations, errors, bounds, models)
    known_first = np.where(np.isnan(bounds), np.inf, bounds)
    return result.at(order_of((known_first, means, *(key[models] for key in keys)), top))


def _best_of_each_seed(groups: NDArray[np.int64], seeds: NDArray[np.int64], keys: Keys) -> Places:
    """Return the best candidate of each seed of each group, sorted by group and seed."""
    order = together(groups, seeds)
    best = best_of_each(keys, order, begins_of(groups[order], seeds[order]))
    return best[np.lexsort((seeds[best], groups[best]))]


def _spread(
    costs: NDArray[np.float64],
    begins: Places,
    sizes: NDArray[np.int64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return means and sample standard deviations, NaN of one alone; those of equal values are exact."""
    small, factor = tamed(costs)
    first = small[begins]
    means = first + np.add.reduceat(small - np.repeat(first, sizes), begins) / sizes
    squares = np.add.reduceat((small - np.repeat(means, sizes)) ** 2, begins)
    variances = np.where(sizes > 1, squares / np.maximum(sizes - 1, 1), np.nan)
    with np.errstate(over="ignore"):
        return means * factor, np.sqrt(variances) * factor


def _quantiles(sizes: NDArray[np.int64], confidence: float) -> NDArray[np.float64]:
    distinct, place = np.unique(sizes, return_inverse=True)
    return np.array([quantile(confidence, max(int(size) - 1, 1)) for size in distinct])[place]
