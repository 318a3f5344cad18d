"""The percentile rule, which with 50 is the median rule.

Golovin, Solnik, Moitra, Kochanski, Karro and Sculley, "Google Vizier" (KDD 2017), stop a trial whose best value is
worse than the median of the others' running averages. As in Optuna, the others' values at the same iteration are
taken here, and only trials that ran to their end are a measure.
"""

from __future__ import annotations

import math
from collections import defaultdict

from .curve import Curve
from .ranked import Ranked


class PercentilePruner:
    """Stops a trial whose best loss so far is above the percentile of the complete trials' losses at its iteration.

    Args:
        percentile: 0 to 100; with 25, the best quarter goes on.
        startup: how many trials must be complete before any is stopped.
        warmup: how many iterations each trial has to itself.
        every: how many iterations there are from one judgement to the next.
    """

    def __init__(self, percentile: float, startup: int, warmup: int, every: int) -> None:
        self._percentile = percentile
        self._startup = startup
        self._warmup = warmup
        self._every = every
        self._complete = 0
        self._curves: defaultdict[int, Curve] = defaultdict(Curve)
        self._columns: defaultdict[int, Ranked] = defaultdict(Ranked)

    def report(self, number: int, iteration: int, step: int, loss: float) -> bool:  # noqa: ARG002  # trials are compared by iterations
        """Judge a trial at its iteration; one whose losses are all nan is stopped."""
        curve = self._curves[number]
        curve.put(iteration, loss)
        if self._complete < max(self._startup, 1) or not self._is_due(iteration):
            return False
        best = curve.best(iteration)
        return math.isnan(best) or best > self._bar(iteration)

    def end(self, number: int, *, complete: bool) -> None:
        """Take a complete trial's losses as a measure from now on; others' are no longer needed."""
        curve = self._curves.pop(number, None)
        if not complete:
            return
        self._complete += 1
        for iteration, loss in enumerate(curve.losses if curve else (), 1):
            if not math.isnan(loss):
                self._columns[iteration].put(number, loss)

    def _is_due(self, iteration: int) -> bool:
        since = iteration - 1 - self._warmup
        return since >= 0 and since % self._every == 0

    def _bar(self, iteration: int) -> float:
        column = self._columns.get(iteration)
        return percentile_of(column, self._percentile) if column else math.inf


def percentile_of(column: Ranked, percentile: float) -> float:
    """Return a percentile of losses, between two of them where it falls there, exactly as numpy's default does."""
    place = (len(column) - 1) * (percentile / 100)
    low = column[int(place)]
    high = column[min(int(place) + 1, len(column) - 1)]
    part = place - int(place)
    if low == high or not part:
        return low
    return high - (high - low) * (1 - part) if part >= 0.5 else low + (high - low) * part  # noqa: PLR2004  # numpy's own
