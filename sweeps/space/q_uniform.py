"""A parameter in equal steps."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ..errors import InvalidSweep
from .axes import IntAxis
from .bounds import check_bounds
from .faults import shown
from .steps import Steps, check_fineness, check_step, exact, nearest_step, stepped
from .values import number


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
        check_step(self.q)
        check_bounds(self.min, self.max)
        check_fineness(self.min, self.max, self.q)

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
        return stepped(0, min(max(int(coordinate), axis.low), axis.high), self.q)

    def encode(self, value: object) -> int:
        """Return the k of which a value is k * q; raises InvalidSweep where k lies outside the range."""
        k = self._nearest(number(value))
        if not self.axis.low <= k <= self.axis.high:
            problem = f"{shown(value)} lies outside {self.min} to {self.max}"
            raise InvalidSweep(problem)
        return k

    def grid(self) -> Sequence[float]:
        """Return the steps that W&B's grid visits: from `min` on, below `max`."""
        count = math.ceil((exact(self.max) - exact(self.min)) / exact(self.q))
        return Steps(self.min, count, self.q)

    def to_parameter(self) -> dict[str, object]:
        """Return the W&B parameter."""
        return {"distribution": "q_uniform", "min": float(self.min), "max": float(self.max), "q": self.q}

    def _nearest(self, value: float) -> int:
        return nearest_step(value, self.q)
