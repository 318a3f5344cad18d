"""What each place of a ranking has on the next one, and whether that is within noise: pure.

Noise is the standard error of the difference. Where groups of seeds are ranked it is from the seeds' spread (Welch
1947). Else it is from the run's own curve: half the mean square of the differences between neighbouring checkpoints
(von Neumann and others 1941), which a slow trend hardly touches; it counts for 2 (n - 1)^2 / (3 n - 4) degrees of
freedom, by its variance. That is how restless a curve is, and not what another seed would do. Means over neighbours
are taken for independent ones, which they are not where windows overlap: noise is then rather over- than understated.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .candidates import NO_STEP, Candidates
from .places import Lead, NoiseSource, Place
from .rank_by import RankBy
from .student import quantile

# Two checkpoints tell a trend from noise as little as one seed has a spread.
_FEWEST = 3


class _Noise(NamedTuple):
    """A standard error, its degrees of freedom, and what it was estimated from."""

    error: float
    degrees: int
    source: NoiseSource
    origin: object


def with_leads(
    places: Sequence[Place],
    candidates: Candidates,
    by: RankBy,
    merits: NDArray[np.float64] | None,
) -> list[Place]:
    """Give each place but the last its lead over the next one.

    `merits` is what was ranked by, before smoothing, of each candidate, NaN where there is none; without it the noise
    of a run's curve stays unknown.
    """
    curves = None if merits is None else _Curves(places, candidates, by, merits)
    leads = [_lead(one, next_one, by, curves) for one, next_one in pairwise(places)]
    return [replace(place, lead=lead) for place, lead in zip(places, [*leads, None], strict=True)]


def _lead(one: Place, other: Place, by: RankBy, curves: _Curves | None) -> Lead:
    sign = 1.0 if one.score is not None or by.goals[0] == "maximize" else -1.0
    lead = Lead(other.model_no, sign * (_merit(one) - _merit(other)) + 0.0)
    mine, theirs = _noise(one, curves), _noise(other, curves)
    if mine is None or theirs is None:
        return lead
    error = math.hypot(mine.error, theirs.error)
    needed = quantile(by.confidence, _degrees(mine, theirs)) * error
    return replace(lead, noise=error, needed=needed, source=mine.source)


def _merit(place: Place) -> float:
    if place.group is not None:
        return place.group.mean
    if place.score is not None:
        return place.score
    return (place.smoothed or place.values)[0]


def _noise(place: Place, curves: _Curves | None) -> _Noise | None:
    if place.group is not None:
        error = place.group.error
        return None if error is None else _Noise(error, place.group.seeds - 1, NoiseSource.SEEDS, place.group.label)
    return curves.noise(place) if curves else None


def _degrees(one: _Noise, other: _Noise) -> int:
    """Return Welch and Satterthwaite's degrees of freedom, rounded down."""
    if one.origin == other.origin or one.error == other.error == 0:
        return min(one.degrees, other.degrees)
    greatest = max(one.error, other.error)
    first, second = (one.error / greatest) ** 2, (other.error / greatest) ** 2
    return max(1, int((first + second) ** 2 / (first**2 / one.degrees + second**2 / other.degrees)))


class _Curves:
    """The curves of the runs that have a place."""

    def __init__(
        self,
        places: Sequence[Place],
        candidates: Candidates,
        by: RankBy,
        merits: NDArray[np.float64],
    ) -> None:
        runs = np.array([place.run_no for place in places], dtype=np.int64)
        has_place = np.isin(candidates.run_nos, runs) & np.isfinite(merits) & (candidates.steps != NO_STEP)
        among = np.flatnonzero(has_place)
        among = among[np.lexsort((candidates.model_nos[among], candidates.steps[among]))]
        self._runs = candidates.run_nos[among]
        self._datasets = np.stack([candidates.datasets(metric)[among] for metric in by.metrics], axis=1)
        self._merits = merits[among]
        self._known: dict[object, tuple[float, int] | None] = {}

    def noise(self, place: Place) -> _Noise | None:
        """Return the noise of a place's value, None where its curve has too few checkpoints to tell."""
        origin = (place.run_no, *place.dataset_nos)
        if origin not in self._known:
            is_same = (self._runs == place.run_no) & (self._datasets == place.dataset_nos).all(axis=1)
            self._known[origin] = _von_neumann(self._merits[is_same])
        known = self._known[origin]
        if known is None:
            return None
        return _Noise(
            known[0] / math.sqrt(place.averaged[0] if place.averaged else 1), known[1], NoiseSource.CURVE, origin
        )


def _von_neumann(curve: NDArray[np.float64]) -> tuple[float, int] | None:
    """Estimate the standard deviation of one value around a curve, and its degrees of freedom."""
    count = len(curve)
    if count < _FEWEST:
        return None
    with np.errstate(over="ignore", invalid="ignore"):
        variance = float(np.mean(np.diff(curve) ** 2)) / 2
    degrees = max(1, 2 * (count - 1) ** 2 // (3 * count - 4))
    return (math.sqrt(variance), degrees) if math.isfinite(variance) else None
