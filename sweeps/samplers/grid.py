"""Grid search: every point once, in W&B's order."""

from __future__ import annotations

from ..space import Space
from .interface import Params


class GridSampler:
    """The point with the trial's number, so nothing needs to be remembered."""

    def __init__(self, space: Space) -> None:
        self._points = space.grid_points()

    def ask(self, number: int) -> Params | None:
        """Return the grid's point of this number; None beyond the last."""
        return self._points[number] if number < len(self._points) else None

    def tell(self, number: int, value: float | None) -> None:
        """Learn nothing: a grid is fixed."""
