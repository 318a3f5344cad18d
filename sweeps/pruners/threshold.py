"""Bounds that a trial must keep to."""

from __future__ import annotations


class ThresholdPruner:
    """Stops a trial whose loss is nan or out of `lower` to `upper`, from iteration `warmup` + 1 on."""

    def __init__(self, lower: float, upper: float, warmup: int) -> None:
        self._lower = lower
        self._upper = upper
        self._warmup = warmup

    def report(self, number: int, iteration: int, step: int, loss: float) -> bool:  # noqa: ARG002  # every report is judged by itself
        """Judge a loss."""
        return iteration > self._warmup and not self._lower <= loss <= self._upper

    def end(self, number: int, *, complete: bool) -> None:
        """Do nothing: there is nothing to remember."""
