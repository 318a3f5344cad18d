"""The rules that two bounds keep."""

from __future__ import annotations

import math
from typing import NoReturn

from ..errors import InvalidSweep
from .faults import shown
from .values import number

# What to write where grid search is to find an end.
NAMES_OF_FINITE = "write values, int_uniform or q_uniform, or use method random or bayes"


def check_bounds(low: float, high: float) -> None:
    """Raise unless low < high and both, and what lies between them, are finite."""
    for key, bound in (("min", low), ("max", high)):
        if not math.isfinite(bound):
            problem = f"must be a finite number, not {bound}"
            raise InvalidSweep(problem, where=key)
    if low >= high:
        remedy = "swap them" if low > high else f"for one fixed value write {{value: {low}}}"
        problem = f"min {low} must be below max {high}; {remedy}"
        raise InvalidSweep(problem, where="min")
    if not math.isfinite(float(high) - float(low)):
        problem = f"max {high} is too far from min {low}; narrow the range"
        raise InvalidSweep(problem, where="max")


def inside(value: object, low: float, high: float) -> int | float:
    """Return a value as a number; raises InvalidSweep where it lies outside the bounds."""
    found = number(value)
    if not low <= found <= high:
        problem = f"{shown(found)} lies outside {low} to {high}"
        raise InvalidSweep(problem)
    return found


def clamp(value: float, low: float, high: float) -> float:
    """Return the value, or the bound that rounding carried it over."""
    return float(min(max(value, low), high))


def positive(low: float, name: str) -> None:
    """Raise unless a distribution's lower bound has a logarithm."""
    if low <= 0:
        problem = f"must be above 0 for {name}, not {low}; raise it or use uniform"
        raise InvalidSweep(problem, where="min")


def refuse_grid(name: str) -> NoReturn:
    """Raise InvalidSweep: grid search cannot visit every value of a continuous distribution."""
    problem = f"grid search needs a finite list, and {name} has no end of values; {NAMES_OF_FINITE}"
    raise InvalidSweep(problem)
