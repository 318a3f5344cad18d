"""Random search."""

from __future__ import annotations

import random

from ..space import Space
from .interface import Params


class RandomSampler:
    """Draws each trial from a generator of its own, so a trial's params depend on seed and number alone."""

    def __init__(self, space: Space, seed: int) -> None:
        self._space = space
        self._seed = seed

    def ask(self, number: int) -> Params | None:
        """Draw the params of this number."""
        return self._space.sample(random.Random(f"{self._seed}/{number}"))  # noqa: S311  # no secret depends on it

    def tell(self, number: int, value: float | None) -> None:
        """Learn nothing: draws are independent."""
