"""What one trial has reported."""

from __future__ import annotations

import math


class Curve:
    """A trial's newest loss at each iteration, and the best up to each."""

    def __init__(self) -> None:
        self.losses: list[float] = []
        self._best: list[float] = []

    def put(self, iteration: int, loss: float) -> None:
        """Set the loss of an iteration, from 1; iterations that were never reported are nan."""
        self.losses.extend([math.nan] * (iteration - len(self.losses)))
        self.losses[iteration - 1] = loss
        del self._best[iteration - 1 :]

    def best(self, iteration: int) -> float:
        """Return the least loss up to an iteration; nan if there is none."""
        best = self._best[-1] if self._best else math.nan
        for loss in self.losses[len(self._best) : iteration]:
            best = best if best <= loss or math.isnan(loss) else loss
            self._best.append(best)
        return self._best[iteration - 1] if iteration else math.nan
