"""Patience with a trial that gets worse."""

from __future__ import annotations

import math
from collections import defaultdict

from .curve import Curve


class PatiencePruner:
    """Stops a trial whose last losses are all above its best before them, by more than `delta`.

    The last losses are, as with Optuna's patience, one more than `iterations`. A curve that stays flat goes on.
    """

    def __init__(self, iterations: int, delta: float) -> None:
        self._last = iterations + 1
        self._delta = delta
        self._curves: defaultdict[int, Curve] = defaultdict(Curve)

    def report(self, number: int, iteration: int, step: int, loss: float) -> bool:  # noqa: ARG002  # patience counts iterations
        """Judge a trial by its own curve."""
        curve = self._curves[number]
        curve.put(iteration, loss)
        if iteration <= self._last:
            return False
        before = curve.best(iteration - self._last)
        last = curve.losses[iteration - self._last : iteration]
        return all(math.isnan(each) or each > before + self._delta for each in last)

    def end(self, number: int, *, complete: bool) -> None:  # noqa: ARG002  # a trial is judged by itself
        """Forget the trial's curve."""
        self._curves.pop(number, None)
