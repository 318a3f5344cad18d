"""What every distribution offers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from .axes import Axis


class Distribution(Protocol):
    """The values that one parameter may take, and how likely each is.

    A *value* is what a trial sees; a *coordinate* is where it lies on the axis that a sampler moves along.
    """

    @property
    def axis(self) -> Axis | None:
        """The axis that a sampler searches; None for a constant."""
        ...

    def quantile(self, u: float) -> object:
        """Return the value below which a share `u` (0 <= u < 1) of the draws falls."""
        ...

    def decode(self, coordinate: float) -> object:
        """Return the value at a coordinate."""
        ...

    def encode(self, value: object) -> float:
        """Return the coordinate of a value; raises InvalidSweep for one that cannot be drawn."""
        ...

    def grid(self) -> Sequence[object]:
        """Return the values that grid search visits; raises InvalidSweep where they are infinitely many."""
        ...

    def to_parameter(self) -> dict[str, object]:
        """Return the W&B parameter that parses to this distribution."""
        ...
