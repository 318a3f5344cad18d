"""When a sweep ends before its last trial."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Plateau:
    """So many `trials` in a row of which none got better than the best before by more than `delta`."""

    trials: int
    delta: float = 0.0


@dataclass(frozen=True, slots=True)
class Stop:
    """The sweep ends `after` so many seconds, when all trials have come to so many `steps`, or on a plateau.

    `steps` counts the iterations of all trials together.
    """

    after: float | None = None
    steps: int | None = None
    plateau: Plateau | None = None
