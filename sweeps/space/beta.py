"""A parameter between 0 and 1 whose density is a hill, a valley or a slope."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ..errors import InvalidSweep
from .incomplete_beta import incomplete_beta
from .latent import Latent

# Where the continued fraction has been compared with SciPy's; beyond, the draws are next to one value or two.
_LEAST, _MOST = 1e-3, 1e6
# How many digits of a root of the incomplete beta function can be relied on.
_DIGITS = 12
# Shares of the draws may lie below the smallest number that is told apart from 0.
_SMALLEST = 1e-300


@dataclass(frozen=True, slots=True)
class Beta(Latent):
    """Any number from 0 to 1 with a density of x**(a - 1) * (1 - x)**(b - 1), but for a factor."""

    a: float = 1.0
    b: float = 1.0

    def __post_init__(self) -> None:
        for key, shape in (("a", self.a), ("b", self.b)):
            if not _LEAST <= shape <= _MOST:
                problem = f"must lie within {_LEAST} to {_MOST:.0f}, not {shape}"
                raise InvalidSweep(problem, where=key)

    def quantile(self, u: float) -> float:
        """Return the number below which a share `u` of the draws falls, to 12 digits.

        An interval is halved until it has no middle: by ratio as long as its ends are far apart. The middles do not
        depend on `u`, so that a larger share never gets a smaller number.
        """
        if u <= 0 or u >= 1:
            return float(u >= 1)
        low, high = _SMALLEST, 1.0
        while low < (middle := _middle(low, high)) < high:
            low, high = (middle, high) if self.share(middle) < u else (low, middle)
        return 0.0 if low == _SMALLEST else float(f"{high:.{_DIGITS}g}")

    def share(self, value: float) -> float:
        """Return which share of the draws falls below a value."""
        return incomplete_beta(value, self.a, self.b)

    def to_parameter(self) -> dict[str, object]:
        """Return the W&B parameter."""
        return {"distribution": "beta", "a": float(self.a), "b": float(self.b)}


def _middle(low: float, high: float) -> float:
    return math.sqrt(low) * math.sqrt(high) if high > 4 * low else (low + high) / 2
