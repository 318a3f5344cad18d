"""Hyperband: brackets of successive halving, each of which begins a rung higher than the one before it.

Li, Jamieson, DeSalvo, Rostamizadeh and Talwalkar, "Hyperband: A Novel Bandit-Based Approach to Hyperparameter
Optimization" (JMLR 2018). A bracket that begins early tries many trials and stops most of them after little; one that
begins late protects trials that start slowly. As the brackets are asynchronous, trials are spread over them in
Hyperband's proportions and not in its order.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate

from .asha import AshaPruner

# Its multiples, modulo 1, fill the unit interval more evenly than any other's (Knuth, volume 3, 6.4).
_GOLDEN = (math.sqrt(5) - 1) / 2


class HyperbandPruner:
    """So many brackets over the same rungs: bracket 0 has all of them, bracket 1 all but the first, and so on."""

    def __init__(self, rungs: Sequence[int], eta: float, brackets: int) -> None:
        self._pruners = [AshaPruner(rungs[first:], eta) for first in range(brackets)]
        self._edges = list(accumulate(shares(eta, brackets)))

    def bracket(self, number: int) -> int:
        """Return the bracket of a trial, from 0; any run of trials meets the brackets in their proportions."""
        return bisect_right(self._edges, number * _GOLDEN % 1 * self._edges[-1])

    def report(self, number: int, iteration: int, step: int, loss: float) -> bool:
        """Judge a trial among those of its bracket."""
        return self._pruners[self.bracket(number)].report(number, iteration, step, loss)

    def end(self, number: int, *, complete: bool) -> None:
        """Do nothing: whoever reached a rung counts there, however it ended."""


def shares(eta: float, brackets: int) -> list[int]:
    """Return how many trials each bracket has, in proportion: the numbers with which Hyperband's Algorithm 1 begins."""
    return [math.ceil(brackets * eta**rest / (rest + 1)) for rest in reversed(range(brackets))]
