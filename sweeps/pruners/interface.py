"""What every pruner offers."""

from __future__ import annotations

from typing import Protocol


class Pruner(Protocol):
    """Says which trials to stop early. It is a pure object: no clock, and no chance but in a trial's number.

    What it knows is each trial's newest loss at each iteration, in whatever order the trials reported. So one that is
    made anew and is told all reports again, trial by trial, goes on as if nothing had happened.
    """

    def report(self, number: int, iteration: int, step: int, loss: float) -> bool:
        """Hear what a trial has reported, and say whether to stop it now.

        Args:
            number: the trial.
            iteration: which of its reports this is, from 1. One that it had given before is replaced.
            step: the step that it logged.
            loss: the metric, turned such that less is better; it may be nan or infinite.
        """
        ...

    def end(self, number: int, *, complete: bool) -> None:
        """Hear that a trial has ended for good, and whether it ran to its end.

        What it had reported stays known; nothing may be reported of it any more. A trial that will be retried has not
        ended.
        """
        ...
