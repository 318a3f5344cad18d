"""A parameter whose order of magnitude is what counts."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NoReturn

from .axes import FloatAxis
from .bounds import check_bounds, clamp, inside, positive, refuse_grid


@dataclass(frozen=True, slots=True)
class LogUniformValues:
    """Any number from `min` to `max`, its logarithm as likely to be anywhere as anywhere else."""

    min: float
    max: float

    def __post_init__(self) -> None:
        positive(self.min, "log_uniform_values")
        check_bounds(self.min, self.max)

    @property
    def axis(self) -> FloatAxis:
        """The range itself, on a logarithmic scale."""
        return FloatAxis(float(self.min), float(self.max), log=True)

    def quantile(self, u: float) -> float:
        """Return the number a share `u` of the way from `min` to `max`, by ratio."""
        low, high = math.log(self.min), math.log(self.max)
        return self.decode(math.exp(low + u * (high - low)))

    def share(self, value: float) -> float:
        """Return which share of the draws falls below a value."""
        low, high = math.log(self.min), math.log(self.max)
        if value <= self.min or low == high:
            return 0.0
        return min((math.log(value) - low) / (high - low), 1.0)

    def decode(self, coordinate: float) -> float:
        """Return the coordinate: it is the value."""
        return clamp(float(coordinate), self.min, self.max)

    def encode(self, value: object) -> float:
        """Return the value: it is the coordinate."""
        return float(inside(value, self.min, self.max))

    def grid(self) -> NoReturn:
        """Raise InvalidSweep: there is no end of values."""
        refuse_grid("log_uniform_values")

    def to_parameter(self) -> dict[str, object]:
        """Return the W&B parameter."""
        return {"distribution": "log_uniform_values", "min": float(self.min), "max": float(self.max)}
