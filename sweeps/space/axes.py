"""How a sampler sees one parameter: an axis that it moves along, in numbers only."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FloatAxis:
    """Every number from `low` to `high`; `log` says that ratios matter, not differences."""

    low: float
    high: float
    log: bool = False


@dataclass(frozen=True, slots=True)
class IntAxis:
    """Every whole number from `low` to `high`, both included."""

    low: int
    high: int


@dataclass(frozen=True, slots=True)
class ChoiceAxis:
    """The indices 0 to `count` - 1, in no order that means anything."""

    count: int


Axis = FloatAxis | IntAxis | ChoiceAxis
