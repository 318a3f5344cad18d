"""W&B's early termination, as its package counts (sweeps 0.3, `hyperband_stopping.py`).

A trial's *history* is its finite values in order. At band 3 counts the third of them. At each band the threshold is
the value that stands at a share of 1 / eta among those of all trials that got there, ended or not. A trial is compared
with the threshold of the last band that it has reached, whenever it logs, and thresholds move as others get there: it
may be stopped later on.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Sequence

from .curve import Curve
from .ranked import Ranked


class WandbPruner:
    """Stops a trial that is worse than the threshold of the last band that it has reached.

    Args:
        bands: rising numbers.
        eta: the reduction factor.
        strict: compare the trial's value at the band, and not its best value so far.
    """

    def __init__(self, bands: Sequence[int], eta: float, *, strict: bool) -> None:
        self._bands = bands
        self._ranked = {band: Ranked() for band in bands}
        # W&B multiplies by the inverse, which for some factors is a little less than dividing by them.
        self._share = 1.0 / eta
        self._strict = strict
        self._histories: defaultdict[int, _History] = defaultdict(_History)

    def report(self, number: int, iteration: int, step: int, loss: float) -> bool:  # noqa: ARG002  # W&B counts what is logged
        """Judge a trial by its history up to this iteration."""
        history = self._histories[number]
        self._rank(number, history.values, history.put(iteration, loss))
        reached = bisect_right(self._bands, history.count(iteration))
        if not reached:
            return False
        band = self._bands[reached - 1]
        value = history.values[band - 1] if self._strict else history.curve.best(iteration)
        return value > self._threshold(band)

    def end(self, number: int, *, complete: bool) -> None:  # noqa: ARG002  # whoever reached a band counts there
        """Forget the trial's history; its values at the bands stay."""
        self._histories.pop(number, None)

    def _rank(self, number: int, values: Sequence[float], since: int) -> None:
        """Set a trial's values at the bands from a place of its history on."""
        for at in range(bisect_right(self._bands, since), len(self._bands)):
            band = self._bands[at]
            if band > len(values):
                self._ranked[band].drop(number)
                return
            self._ranked[band].put(number, values[band - 1])

    def _threshold(self, band: int) -> float:
        ranked = self._ranked[band]
        return ranked[int(self._share * len(ranked))]


class _History:
    """A trial's finite values, in the order of its iterations."""

    def __init__(self) -> None:
        self.curve = Curve()
        self.values: list[float] = []
        self._skipped: list[int] = []

    def count(self, iteration: int) -> int:
        """Count the values up to an iteration."""
        return iteration - bisect_right(self._skipped, iteration)

    def put(self, iteration: int, loss: float) -> int:
        """Set the loss of an iteration; return the place of the first value that is another one now."""
        finite = math.isfinite(loss)
        self._skipped.extend(range(len(self.curve.losses) + 1, iteration + 1))
        place, counted = self.count(iteration - 1), self.count(iteration) - self.count(iteration - 1)
        self.values[place : place + counted] = [loss] * finite
        skipped = bisect_left(self._skipped, iteration)
        self._skipped[skipped : skipped + 1 - counted] = [iteration] * (not finite)
        self.curve.put(iteration, loss if finite else math.nan)
        return place
