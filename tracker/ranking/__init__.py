"""What "best" means: pure."""

from __future__ import annotations

from .rank import GOALS, chosen_dataset, order_by, ranked

__all__ = ["GOALS", "chosen_dataset", "order_by", "ranked"]
