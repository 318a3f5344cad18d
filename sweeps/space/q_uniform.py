"""A parameter in equal steps."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import overload

from ..errors import InvalidSweep
from .axes import IntAxis
from .bounds import check_bounds
from .faults import shown
from .values import LARGEST, number


@dataclass(frozen=True, slots=True)
class QUniform:
    """A number between `min` and `max`, rounded to a multiple of `q`; whole numbers where `q` is one.

    As in W&B: the first and the last multiple are drawn less often than the rest, and where `min` or `max` is
    no multiple of `q`, rounding may step over it.
    """

    min: float
    max: float
    q: float = 1

    def __post_init__(self) -> None:
        if not (math.isfinite(self.q) and self.q > 0):
            problem = f"must be above 0, not {self.q}; it is the step between values"
            raise InvalidSweep(problem, where="q")
        check_bounds(self.min, self.max)
        if max(abs(self.min), abs(self.max)) / self.q > LARGEST:
            problem = f"{self.q} is too fine a step for {self.min} to {self.max}; widen it"
            raise InvalidSweep(problem, where="q")

    @property
    def axis(self) -> IntAxis:
        """The whole numbers k of which the values are k * q."""
        return IntAxis(self._nearest(self.min), self._nearest(self.max))

    def quantile(self, u: float) -> float:
        """Return the multiple of `q` nearest to the number a share `u` of the way from `min` to `max`."""
        return self.decode(self._nearest(self.min + u * (self.max - self.min)))

    def decode(self, coordinate: float) -> float:
        """Return k * q."""
        axis = self.axis
        return _stepped(0, min(max(int(coordinate), axis.low), axis.high), self.q)

    def encode(self, value: object) -> int:
        """Return the k of which a value is k * q; raises InvalidSweep where k lies outside the range."""
        k = self._nearest(number(value))
        if not self.axis.low <= k <= self.axis.high:
            problem = f"{shown(value)} lies outside {self.min} to {self.max}"
            raise InvalidSweep(problem)
        return k

    def grid(self) -> Sequence[float]:
        """Return the steps that W&B's grid visits: from `min` on, below `max`."""
        count = math.ceil((_exact(self.max) - _exact(self.min)) / _exact(self.q))
        return Steps(self.min, count, self.q)

    def to_parameter(self) -> dict[str, object]:
        """Return the W&B parameter."""
        return {"distribution": "q_uniform", "min": self.min, "max": self.max, "q": self.q}

    def _nearest(self, value: float) -> int:
        return round(value / self.q)


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
            return [_stepped(self.start, k, self.step) for k in chosen]
        return _stepped(self.start, chosen, self.step)


def _stepped(start: float, k: int, step: float) -> float:
    """Return start + k * step as written in decimals: 3 steps of 0.1 are 0.3, not 0.30000000000000004."""
    if isinstance(step, int) and start == int(start):
        return int(start) + k * step
    return float(_exact(start) + k * _exact(step))


def _exact(value: float) -> Decimal:
    return Decimal(str(value))
