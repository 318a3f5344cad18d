"""Distributions that samplers have no axis for: they are searched along the shares of their draws.

A coordinate u from 0 to 1 stands for the value below which a share u of the draws falls, so that equal lengths of
the axis are equally likely. W&B's own Bayesian search sees every parameter like this.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import NoReturn

from .axes import FloatAxis
from .bounds import inside, refuse_grid

UNIT = FloatAxis(0.0, 1.0)

# How far from the guess the search begins, and how many times farther each next try looks.
_NEAR, _FARTHER = 2.0**-50, 64.0
_SMALLEST = 5e-324


class Latent(ABC):
    """A continuous distribution that is given by its quantiles."""

    __slots__ = ()

    @abstractmethod
    def quantile(self, u: float) -> float:
        """Return the number below which a share `u` of the draws falls; it does not fall as `u` rises."""

    @abstractmethod
    def share(self, value: float) -> float:
        """Return which share of the draws falls below a value, but for rounding."""

    @abstractmethod
    def to_parameter(self) -> dict[str, object]:
        """Return the W&B parameter."""

    @property
    def axis(self) -> FloatAxis:
        """The shares of the draws."""
        return UNIT

    def decode(self, coordinate: float) -> float:
        """Return the quantile: a coordinate is a share."""
        return self.quantile(min(max(coordinate, 0.0), 1.0))

    def encode(self, value: object) -> float:
        """Return the share of the draws below a value; raises InvalidSweep for one too far out to be drawn."""
        found = inside(value, self.quantile(0), self.quantile(1))
        return locate(self.quantile, found, self.share(found))

    def grid(self) -> NoReturn:
        """Raise InvalidSweep: there is no end of values."""
        refuse_grid(str(self.to_parameter()["distribution"]))


def locate(quantile: Callable[[float], float], value: float, guess: float) -> float:
    """Return the middle of the shares whose quantile is `value`; where there are none, the share of the nearest.

    `quantile` must not fall as its argument rises; `guess` is about where the share is.
    """
    if quantile(guess) == value:
        return guess
    low = _first(lambda u: quantile(u) >= value, guess)
    high = _first(lambda u: quantile(u) > value, guess)
    return min(((low + high) / 2, low, math.nextafter(low, 0.0)), key=lambda u: abs(quantile(u) - value))


def _first(reached: Callable[[float], bool], guess: float) -> float:
    """Return the first number from 0 to 1 that `reached` says yes to, as to every later one; 1 if there is none."""
    low, high = _bracket(reached, guess)
    if low == 0 and reached(low):
        return low
    while low < (between := middle(low, high)) < high:
        low, high = (low, between) if reached(between) else (between, high)
    return high


def middle(low: float, high: float) -> float:
    """Return a number between two, by ratio as long as they are far apart, so that small ones are soon found too."""
    return math.sqrt(max(low, _SMALLEST)) * math.sqrt(high) if high > 4 * low else (low + high) / 2


def _bracket(reached: Callable[[float], bool], guess: float) -> tuple[float, float]:
    """Return two numbers with the first one between them, looking ever farther to either side of a guess."""
    low = high = guess
    width = _NEAR
    while low > 0 and reached(low):
        low, high, width = max(0.0, guess - width), low, width * _FARTHER
    while high < 1 and not reached(high):
        low, high, width = high, min(1.0, guess + width), width * _FARTHER
    return low, high
