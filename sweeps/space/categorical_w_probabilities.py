"""A parameter that is one of a list, some likelier than others."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import accumulate
from typing import NoReturn

from ..errors import InvalidSweep
from .axes import FloatAxis
from .faults import shown
from .latent import UNIT
from .values import fresh, plain, token

# How far from 1 W&B lets the sum of the probabilities be.
_SLACK = 1e-5


@dataclass(frozen=True, slots=True)
class CategoricalWProbabilities:
    """Any of `values`, each as likely as its place in `probabilities` says.

    The values lie in the order of the list along an axis of shares, each as long as it is likely.
    """

    values: tuple[object, ...]
    probabilities: tuple[float, ...]
    _ends: tuple[float, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not self.values:
            problem = "is empty; list at least one value"
            raise InvalidSweep(problem, where="values")
        self._check()
        total = math.fsum(self.probabilities)
        object.__setattr__(self, "_ends", tuple(end / total for end in accumulate(self.probabilities)))

    def _check(self) -> None:
        for index, probability in enumerate(self.probabilities):
            if not 0 <= probability <= math.inf:
                problem = f"must be at least 0, not {probability}"
                raise InvalidSweep(problem, where=f"probabilities[{index}]")
        if len(self.values) != len(self.probabilities):
            problem = f"there are {len(self.probabilities)} for {len(self.values)} values; write one for each"
            raise InvalidSweep(problem, where="probabilities")
        total = math.fsum(self.probabilities)
        if not abs(total - 1) <= _SLACK:
            problem = f"come to {total:g}; they must come to 1"
            raise InvalidSweep(problem, where="probabilities")

    @property
    def axis(self) -> FloatAxis:
        """The shares of the draws."""
        return UNIT

    def quantile(self, u: float) -> object:
        """Return the value below which a share `u` of the draws falls, in the order of the list."""
        likely = [index for index, probability in enumerate(self.probabilities) if probability > 0]
        return fresh(self.values[min(bisect_right(self._ends, u), likely[-1])])

    def decode(self, coordinate: float) -> object:
        """Return the quantile: a coordinate is a share."""
        return self.quantile(max(coordinate, 0.0))

    def encode(self, value: object) -> float:
        """Return the middle of a value's shares; raises InvalidSweep for one that is not listed or never drawn."""
        wanted = token(plain(value))
        found = [index for index, known in enumerate(self.values) if token(known) == wanted]
        if not found:
            problem = f"{shown(value)} is not among the values"
            raise InvalidSweep(problem)
        middles = (_middle(start, end) for start, end in self._cells(found))
        middle = next((middle for middle in middles if middle is not None), None)
        if middle is None:
            problem = f"{shown(value)} is never drawn; give it a probability above 0"
            raise InvalidSweep(problem)
        return middle

    def grid(self) -> NoReturn:
        """Raise InvalidSweep: W&B's grid takes no probabilities."""
        problem = "grid search visits every value once; remove the probabilities, or use method random or bayes"
        raise InvalidSweep(problem)

    def to_parameter(self) -> dict[str, object]:
        """Return the W&B parameter."""
        return {
            "values": [fresh(value) for value in self.values],
            "probabilities": [float(probability) for probability in self.probabilities],
        }

    def _cells(self, indices: Iterable[int]) -> Iterator[tuple[float, float]]:
        starts = (0.0, *self._ends)
        return ((starts[index], self._ends[index]) for index in indices)


def _middle(start: float, end: float) -> float | None:
    """Return a number of the half-open range from `start` to `end`, in its middle if it has one."""
    middle = (start + end) / 2
    return middle if middle < end else start if start < end else None
