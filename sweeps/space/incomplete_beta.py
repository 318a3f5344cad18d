"""The incomplete beta function, without SciPy: pure."""

from __future__ import annotations

import math
import sys

_ENOUGH = sys.float_info.epsilon
# Stands in for a denominator of 0, which the next step of the fraction divides out again.
_TINY = 1e-300
_MOST_STEPS = 10_000


def incomplete_beta(x: float, a: float, b: float) -> float:
    """Return the regularized incomplete beta function I_x(a, b): which share of a beta distribution lies below x.

    By the continued fraction 8.17.22 of the NIST Digital Library of Mathematical Functions, which takes about
    sqrt(max(a, b)) steps on this side of the mean; from the other side, I_x(a, b) = 1 - I_(1-x)(b, a).
    """
    if x <= 0 or x >= 1:
        return float(x >= 1)
    if x > (a + 1) / (a + b + 2):
        return 1.0 - _below(1.0 - x, b, a, math.log1p(-x), math.log(x))
    return _below(x, a, b, math.log(x), math.log1p(-x))


def log_beta(a: float, b: float) -> float:
    """Return the logarithm of the beta function."""
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)


def _below(x: float, a: float, b: float, log_x: float, log_rest: float) -> float:
    return math.exp(a * log_x + b * log_rest - log_beta(a, b)) / (a * _fraction(x, a, b))


def _fraction(x: float, a: float, b: float) -> float:
    """Evaluate the continued fraction from its head, by Lentz's method as Thompson and Barnett changed it."""
    value, numerator, denominator = 1.0, 1.0, 0.0
    for step in range(1, _MOST_STEPS):
        part = _part(step, x, a, b)
        denominator = 1.0 / (1.0 + part * denominator or _TINY)
        numerator = 1.0 + part / numerator or _TINY
        value *= numerator * denominator
        if abs(numerator * denominator - 1.0) <= _ENOUGH:
            break
    return value


def _part(step: int, x: float, a: float, b: float) -> float:
    m, odd = divmod(step, 2)
    if odd:
        return -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
    return m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
