"""Quantiles of Student's t distribution, without SciPy: pure."""

from __future__ import annotations

import math
from functools import lru_cache
from statistics import NormalDist

# Beyond this the expansion is off by less than 1e-7, for every confidence up to 0.9999.
_MANY = 100
_TOLERANCE = 1e-14


@lru_cache(maxsize=1024)
def quantile(confidence: float, degrees: int) -> float:
    """Return the t that a variable with so many degrees of freedom stays below with that probability.

    `confidence` is from 0.5 up to, but not including, 1; `degrees` is at least 1.
    """
    return _expansion(confidence, degrees) if degrees > _MANY else _root(confidence, degrees)


def _root(confidence: float, degrees: int) -> float:
    """Halve an interval until both of its ends are one number."""
    low, high = 0.0, 1.0
    while _probability(high, degrees) < confidence:
        low, high = high, 2.0 * high
    while high - low > _TOLERANCE * high:
        middle = 0.5 * (low + high)
        low, high = (middle, high) if _probability(middle, degrees) < confidence else (low, middle)
    return 0.5 * (low + high)


def _probability(t: float, degrees: int) -> float:
    """Return the probability to stay below t >= 0: Abramowitz and Stegun 26.7.3 and 26.7.4, which are exact."""
    theta = math.atan2(t, math.sqrt(degrees))
    cosine = math.cos(theta)
    term = cosine if degrees % 2 else 1.0
    total = 0.0
    for k in range(2 + degrees % 2, degrees + 1, 2):
        total += term
        term *= cosine * cosine * (k - 1) / k
    if degrees % 2:
        return 0.5 + (theta + math.sin(theta) * total) / math.pi
    return 0.5 + 0.5 * math.sin(theta) * total


def _expansion(confidence: float, degrees: int) -> float:
    """Correct the normal distribution's quantile for many degrees of freedom: Abramowitz and Stegun 26.7.5."""
    z = NormalDist().inv_cdf(confidence)
    s = z * z
    corrections = (
        z * (s + 1) / 4,
        z * ((5 * s + 16) * s + 3) / 96,
        z * (((3 * s + 19) * s + 17) * s - 15) / 384,
        z * ((((79 * s + 776) * s + 1482) * s - 1920) * s - 945) / 92160,
    )
    return math.fsum((z, *(each / float(degrees) ** power for power, each in enumerate(corrections, start=1))))
