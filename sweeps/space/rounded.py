"""Parameters in equal steps that are not equally likely: W&B's q_ distributions, but for q_uniform."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn, Protocol

from ..errors import InvalidSweep
from .axes import FloatAxis
from .bounds import NAMES_OF_FINITE
from .faults import shown
from .latent import UNIT, locate
from .steps import check_fineness, check_step, nearest_step, stepped
from .values import number


class Continuous(Protocol):
    """A distribution of any number, by its quantiles."""

    def quantile(self, u: float) -> float:
        """Return the number below which a share `u` (0 <= u <= 1) of the draws falls."""
        ...

    def share(self, value: float) -> float:
        """Return which share of the draws falls below a value, but for rounding."""
        ...

    def to_parameter(self) -> dict[str, object]:
        """Return the W&B parameter."""
        ...


@dataclass(frozen=True, slots=True)
class Rounded:
    """A draw of another distribution, rounded to a multiple of `q`; whole numbers where `q` is one.

    As in W&B, rounding may step over the other distribution's bounds, and may come to 0.
    """

    inner: Continuous
    q: float = 1

    def __post_init__(self) -> None:
        check_step(self.q)
        check_fineness(self.inner.quantile(0), self.inner.quantile(1), self.q)

    @property
    def axis(self) -> FloatAxis:
        """The shares of the draws."""
        return UNIT

    def quantile(self, u: float) -> float:
        """Return the multiple of `q` nearest to the number below which a share `u` of the draws falls."""
        return stepped(0, self._step(u), self.q)

    def decode(self, coordinate: float) -> float:
        """Return the quantile: a coordinate is a share."""
        return self.quantile(min(max(coordinate, 0.0), 1.0))

    def encode(self, value: object) -> float:
        """Return the middle of the shares that come to a value; raises InvalidSweep for one that none comes to."""
        k = nearest_step(number(value), self.q)
        if not self._step(0) <= k <= self._step(1):
            problem = f"{shown(value)} lies outside {self.decode(0)} to {self.decode(1)}"
            raise InvalidSweep(problem)
        below, above = (self.inner.share((k + side) * self.q) for side in (-0.5, 0.5))
        u = locate(self._step, k, (below + above) / 2)
        if self._step(u) != k:
            problem = f"{shown(value)} is never drawn; {self.decode(u)} is the nearest that is"
            raise InvalidSweep(problem)
        return u

    def grid(self) -> NoReturn:
        """Raise InvalidSweep: W&B's grid does not take these."""
        problem = f"grid search does not take {self.to_parameter()['distribution']}; {NAMES_OF_FINITE}"
        raise InvalidSweep(problem)

    def to_parameter(self) -> dict[str, object]:
        """Return the W&B parameter."""
        keys = self.inner.to_parameter()
        return {**keys, "distribution": f"q_{keys['distribution']}", "q": self.q}

    def _step(self, u: float) -> int:
        return nearest_step(self.inner.quantile(u), self.q)
