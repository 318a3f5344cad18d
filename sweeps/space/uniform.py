"""A parameter that is any number between two."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn

from .axes import FloatAxis
from .bounds import check_bounds, clamp, inside, refuse_grid


@dataclass(frozen=True, slots=True)
class Uniform:
    """Any number from `min` to `max`, each as likely as the next."""

    min: float
    max: float

    def __post_init__(self) -> None:
        check_bounds(self.min, self.max)

    @property
    def axis(self) -> FloatAxis:
        """The range itself."""
        return FloatAxis(float(self.min), float(self.max))

    def quantile(self, u: float) -> float:
        """Return the number a share `u` of the way from `min` to `max`."""
        return self.decode(self.min + u * (self.max - self.min))

    def decode(self, coordinate: float) -> float:
        """Return the coordinate: it is the value."""
        return clamp(float(coordinate), self.min, self.max)

    def encode(self, value: object) -> float:
        """Return the value: it is the coordinate."""
        return float(inside(value, self.min, self.max))

    def grid(self) -> NoReturn:
        """Raise InvalidSweep: there is no end of values."""
        refuse_grid("uniform")

    def to_parameter(self) -> dict[str, object]:
        """Return the W&B parameter."""
        return {"distribution": "uniform", "min": float(self.min), "max": float(self.max)}
