"""Random search."""

from __future__ import annotations

import random

from ..space import Space
from .given import completed
from .interface import Params, Proposal, Told


class RandomSampler:
    """Draws each trial from a generator of its own, so a trial's params depend on seed and number alone."""

    quick = True

    def __init__(self, space: Space, seed: int) -> None:
        self._space = space
        self._seed = seed

    def ask(self, number: int) -> Proposal | None:
        """Draw the params of this number."""
        drawn = self._space.sample(random.Random(f"{self._seed}/{number}"))  # noqa: S311  # no secret depends on it
        return Proposal(drawn)

    def take(self, number: int, params: Params) -> Proposal:  # noqa: ARG002  # draws are independent
        """Return the params that were given."""
        return Proposal(completed(self._space, params))

    def tell(self, number: int, told: Told) -> None:
        """Learn nothing: draws are independent."""

    def restore(self, number: int, proposal: Proposal, told: Told | None) -> None:
        """Remember nothing: draws are independent."""

    def learn(self, params: Params, told: Told) -> None:  # noqa: ARG002  # draws are independent
        """Learn nothing from params that are in the space."""
        completed(self._space, params)
