"""Asynchronous successive halving, the variant that stops trials.

Li, Jamieson, Rostamizadeh, Gonina, Ben-tzur, Hardt, Recht and Talwalkar, "A System for Massively Parallel
Hyperparameter Tuning" (MLSys 2020), pause every trial at a rung and promote the best of those that wait. Here, as in
Optuna and in Ray Tune, a trial that reaches a rung is judged at once, against those that had reached it before: it
runs on or is stopped for good. Nothing waits, no checkpoint is needed, and a worker is never idle; the price is that
the first trials at a rung are judged against few.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from .ranked import Ranked


class AshaPruner:
    """Lets a trial pass a rung if it is among the best of `eta` there, itself included.

    Where fewer than `eta` have come, only the best of them passes: the first trial always does. Losses that are
    equal at the edge pass alike.
    """

    def __init__(self, rungs: Iterable[int], eta: float) -> None:
        self._rungs = {iteration: Ranked() for iteration in rungs}
        self._eta = eta

    def report(self, number: int, iteration: int, step: int, loss: float) -> bool:  # noqa: ARG002  # a rung is an iteration
        """Judge a trial that is at a rung; nan never passes, and is no measure for others."""
        rung = self._rungs.get(iteration)
        if rung is None:
            return False
        if math.isnan(loss):
            rung.drop(number)
            return True
        rung.put(number, loss)
        return loss > rung[max(int(len(rung) // self._eta) - 1, 0)]

    def end(self, number: int, *, complete: bool) -> None:
        """Do nothing: whoever reached a rung counts there, however it ended."""
