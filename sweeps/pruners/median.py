"""The median rule."""

from __future__ import annotations

from .percentile import PercentilePruner


class MedianPruner(PercentilePruner):
    """Stops a trial whose best loss so far is above the median of the complete trials' losses at its iteration."""

    def __init__(self, startup: int, warmup: int, every: int) -> None:
        super().__init__(50.0, startup, warmup, every)
