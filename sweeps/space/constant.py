"""A parameter that is the same in every trial."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import InvalidSweep
from .faults import shown
from .values import fresh, plain, token


@dataclass(frozen=True, slots=True)
class Constant:
    """Always `value`."""

    value: object

    @property
    def axis(self) -> None:
        """None: there is nothing to search."""
        return

    def quantile(self, u: float) -> object:  # noqa: ARG002 - every share of the draws is this value
        """Return the value."""
        return fresh(self.value)

    def decode(self, coordinate: float) -> object:  # noqa: ARG002 - the only place there is
        """Return the value."""
        return fresh(self.value)

    def encode(self, value: object) -> int:
        """Return 0; raises InvalidSweep for another value."""
        if token(plain(value)) != token(self.value):
            problem = f"{shown(value)} is not the constant {shown(self.value)}"
            raise InvalidSweep(problem)
        return 0

    def grid(self) -> tuple[object, ...]:
        """Return the one value."""
        return (fresh(self.value),)

    def to_parameter(self) -> dict[str, object]:
        """Return the W&B parameter."""
        return {"value": fresh(self.value)}
