"""Numbers in equal steps, exact as decimals are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import overload

from ..errors import InvalidSweep
from .values import LARGEST

_FAR = 2.0**1000


@dataclass(frozen=True, slots=True)
class Steps(Sequence[float]):
    """The numbers `start`, `start` + `step`, …, `length` of them, none of them held in memory."""

    start: float
    length: int
    step: float

    def __len__(self) -> int:
        return self.length

    @overload
    def __getitem__(self, index: int) -> float: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[float]: ...
    def __getitem__(self, index: int | slice) -> float | Sequence[float]:
        chosen = range(self.length)[index]
        if isinstance(chosen, range):
            return [stepped(self.start, k, self.step) for k in chosen]
        return stepped(self.start, chosen, self.step)


def stepped(start: float, k: int, step: float) -> float:
    """Return start + k * step as written in decimals: 3 steps of 0.1 are 0.3, not 0.30000000000000004."""
    if isinstance(step, int) and start == int(start):
        return int(start) + k * step
    return float(exact(start) + k * exact(step))


def nearest_step(value: float, q: float) -> int:
    """Return the k of which k * q is nearest to a value; of values beyond every range, one beyond it too."""
    return round(min(max(value / q, -_FAR), _FAR))


def exact(value: float) -> Decimal:
    """Return a number as it is written."""
    return Decimal(str(value))


def check_step(q: float) -> None:
    """Raise InvalidSweep unless `q` can be the step between values."""
    if not (math.isfinite(q) and q > 0):
        problem = f"must be above 0, not {q}; it is the step between values"
        raise InvalidSweep(problem, where="q")


def check_fineness(low: float, high: float, q: float) -> None:
    """Raise InvalidSweep where floats cannot count the steps from 0 to the farther end."""
    if max(abs(low), abs(high)) / q > LARGEST:
        problem = f"{q} is too fine a step for {low:g} to {high:g}; widen it"
        raise InvalidSweep(problem, where="q")
