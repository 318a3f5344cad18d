"""A parameter that is any whole number between two."""

from __future__ import annotations

from dataclasses import dataclass

from .axes import IntAxis
from .bounds import check_bounds, inside
from .values import whole


@dataclass(frozen=True, slots=True)
class IntUniform:
    """Any whole number from `min` to `max`, both included, each as likely as the next."""

    min: int
    max: int

    def __post_init__(self) -> None:
        check_bounds(self.min, self.max)

    @property
    def axis(self) -> IntAxis:
        """The range itself."""
        return IntAxis(self.min, self.max)

    def quantile(self, u: float) -> int:
        """Return the number below which a share `u` of the draws falls."""
        return self.decode(self.min + int(u * (self.max - self.min + 1)))

    def decode(self, coordinate: float) -> int:
        """Return the coordinate: it is the value."""
        return min(max(int(coordinate), self.min), self.max)

    def encode(self, value: object) -> int:
        """Return the value: it is the coordinate."""
        inside(value, self.min, self.max)
        return whole(value)

    def grid(self) -> range:
        """Return every number of the range."""
        return range(self.min, self.max + 1)

    def to_parameter(self) -> dict[str, object]:
        """Return the W&B parameter."""
        return {"distribution": "int_uniform", "min": self.min, "max": self.max}
