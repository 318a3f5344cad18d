"""Our rules for stopping trials early, as a sweep file's `execution.pruner` describes them.

An *iteration* is a report of the sweep's metric, counted from 1 in each trial; it is not the step that was logged.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Asha:
    """Asynchronous successive halving: at each rung the best of `eta` trials goes on.

    The rungs are at `min_iter`, times `eta`, and so on below `max_iter`, where a trial is over anyway, or without end.
    With several `brackets`, each begins a rung higher than the one before it.
    """

    min_iter: int = 1
    max_iter: int | None = None
    eta: float = 3
    brackets: int = 1


@dataclass(frozen=True, slots=True)
class HyperbandRule:
    """Hyperband: as many brackets of successive halving as fit between `min_iter` and `max_iter`."""

    max_iter: int
    min_iter: int = 1
    eta: float = 3


@dataclass(frozen=True, slots=True)
class Median:
    """Stop a trial whose best value is worse than the median of the complete trials' values at that iteration.

    `startup` trials must be complete before any is stopped; nothing is stopped within the first `warmup`
    iterations, and after them only at each `every`-th: the first one, and each so many after it.
    """

    startup: int = 5
    warmup: int = 0
    every: int = 1


@dataclass(frozen=True, slots=True)
class Percentile:
    """As the median rule, for another `percentile`: 25 lets the best quarter go on."""

    percentile: float = 25.0
    startup: int = 5
    warmup: int = 0
    every: int = 1


@dataclass(frozen=True, slots=True)
class Patience:
    """Stop a trial that got worse: its last values are all worse, by more than `delta`, than its best before them.

    The last values are those of so many `iterations` and of the report after them. A curve that is flat goes on.
    """

    iterations: int
    delta: float = 0.0


@dataclass(frozen=True, slots=True)
class Threshold:
    """Stop a trial whose metric is not a number or out of the range `lower` to `upper`, after `warmup` iterations."""

    lower: float | None = None
    upper: float | None = None
    warmup: int = 0


PrunerRule = Asha | HyperbandRule | Median | Percentile | Patience | Threshold
