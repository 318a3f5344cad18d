"""The best value so far, and since when: pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple


class Best(NamedTuple):
    """The best value of a trial, and when it was reached, in seconds."""

    number: int
    value: float
    at: float
    params: Mapping[str, object]


@dataclass(slots=True)
class Lead:
    """Who leads, and who led before; values that are not finite never do, of equals the first does."""

    goal: str = "minimize"
    history: list[Best] = field(default_factory=list)
    _trials: dict[int, Best] = field(default_factory=dict)

    @property
    def best(self) -> Best | None:
        """The best so far."""
        return self.history[-1] if self.history else None

    @property
    def points(self) -> list[tuple[float, float]]:
        """Return (time, value) of each best so far."""
        return [(best.at, best.value) for best in self.history]

    def take(self, number: int, value: float, at: float, params: Mapping[str, object]) -> None:
        """Take in a value of a trial."""
        reached = Best(number, value, at, params)
        if math.isfinite(value) and self._beats(reached, self._trials.get(number)):
            self._trials[number] = reached
            if self._beats(reached, self.best):
                self.history.append(reached)

    def drop(self, number: int) -> None:
        """Take back the values of a trial, since it does not count."""
        self._trials.pop(number, None)
        if all(best.number != number for best in self.history):
            return
        left = [best for best in self.history if best.number != number]
        left += [best for best in self._trials.values() if best not in left]
        self.history = []
        for best in sorted(left, key=lambda best: best.at):
            if self._beats(best, self.best):
                self.history.append(best)

    def _beats(self, one: Best, other: Best | None) -> bool:
        return other is None or (one.value > other.value if self.goal == "maximize" else one.value < other.value)
