"""A parameter between 0 and 1 whose density is a hill, a valley or a slope."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ..errors import InvalidSweep
from .incomplete_beta import incomplete_beta, log_beta
from .latent import Latent, middle

# Where the continued fraction has been compared with SciPy's; beyond, the draws are next to one value or two.
_LEAST, _MOST = 1e-3, 1e6
# How many digits of a root of the incomplete beta function can be relied on.
_DIGITS = 12
# Shares of the draws may lie below the smallest number that is told apart from 0.
_SMALLEST = 1e-300
# Newton's method has found the root when it moves by less than this, and never goes farther at once than that.
_NEAR, _FARTHEST = 1e-14, 30.0
# Halving alone would find it in as many.
_MOST_STEPS = 100
_HALF = 0.5


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

        By Newton's method on scales that are nearly straight for every shape: log(x / (1 - x)) against the logarithm
        of the smaller share. A step that leaves the interval in which the root must lie is replaced by halving that.
        """
        if u <= 0 or u >= 1:
            return float(u >= 1)
        low, high, x = _SMALLEST, 1.0, self.a / (self.a + self.b)
        for _ in range(_MOST_STEPS):
            share = self.share(x)
            low, high = (x, high) if share < u else (low, x)
            following = self._follow(x, share, u)
            if not low < following < high:
                following = middle(low, high)
            if abs(following - x) <= _NEAR * x:
                break
            x = following
        return 0.0 if x <= 2 * _SMALLEST else float(f"{x:.{_DIGITS}g}")

    def _follow(self, x: float, share: float, u: float) -> float:
        """Return where Newton's method goes from x; 0, which is no place to go to, where it knows no way."""
        slope = math.exp(self.a * math.log(x) + self.b * math.log1p(-x) - log_beta(self.a, self.b))
        if slope == 0 or not 0 < share < 1:
            return 0.0
        excess = math.log(share / u) * share if u < _HALF else math.log((1 - u) / (1 - share)) * (1 - share)
        odds = x * math.exp(min(max(-excess / slope, -_FARTHEST), _FARTHEST))
        return odds / (1 - x + odds)

    def share(self, value: float) -> float:
        """Return which share of the draws falls below a value."""
        return incomplete_beta(value, self.a, self.b)

    def to_parameter(self) -> dict[str, object]:
        """Return the W&B parameter."""
        return {"distribution": "beta", "a": float(self.a), "b": float(self.b)}
