"""A parameter that is one of a list."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import InvalidSweep
from .axes import ChoiceAxis
from .faults import shown
from .values import fresh, plain, token


@dataclass(frozen=True, slots=True)
class Categorical:
    """Any of `values`, each as likely as the next; one that stands twice is twice as likely.

    Coordinates are indices, never found by equality: True, 1 and 1.0 are three choices.
    """

    values: tuple[object, ...]

    def __post_init__(self) -> None:
        if not self.values:
            problem = "is empty; list at least one value"
            raise InvalidSweep(problem, where="values")

    @property
    def axis(self) -> ChoiceAxis:
        """One index per value."""
        return ChoiceAxis(len(self.values))

    def quantile(self, u: float) -> object:
        """Return the value below which a share `u` of the draws falls, in the order of the list."""
        count = len(self.values)
        return self.decode(min(int(u * count), count - 1))

    def decode(self, coordinate: float) -> object:
        """Return the value at an index."""
        return fresh(self.values[int(coordinate)])

    def encode(self, value: object) -> int:
        """Return the first index of a value; raises InvalidSweep for one that is not listed."""
        wanted = token(plain(value))
        found = next((index for index, known in enumerate(self.values) if token(known) == wanted), None)
        if found is None:
            problem = f"{shown(value)} is not among the values"
            raise InvalidSweep(problem)
        return found

    def grid(self) -> tuple[object, ...]:
        """Return each distinct value once, in the order of the list."""
        return tuple(fresh(value) for value in {token(value): value for value in self.values}.values())

    def to_parameter(self) -> dict[str, object]:
        """Return the W&B parameter."""
        return {"values": [fresh(value) for value in self.values]}
