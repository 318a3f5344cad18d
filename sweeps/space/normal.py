"""Parameters that lie around a middle: normal, and normal in their logarithm."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

from ..errors import InvalidSweep
from .latent import Latent

# The quantiles of 0 and 1 are infinite; one draw in 10**12 lies farther out than these.
_LEAST, _MOST = 1e-12, 1 - 1e-12
_STANDARD = NormalDist()
# The last digits of `inv_cdf` go up and down by some hundred floats of its argument: it rises over so many.
_APART = 4096


@dataclass(frozen=True, slots=True)
class Normal(Latent):
    """Any number, `mu` on average, with the standard deviation `sigma`; none is farther away than 7.04 sigmas."""

    mu: float = 0.0
    sigma: float = 1.0

    def __post_init__(self) -> None:
        _check(self.mu, self.sigma)
        if not (math.isfinite(self.quantile(0)) and math.isfinite(self.quantile(1))):
            problem = f"{self.sigma} around {self.mu} goes beyond the largest number; make it smaller"
            raise InvalidSweep(problem, where="sigma")

    def quantile(self, u: float) -> float:
        """Return the number below which a share `u` of the draws falls."""
        return self.mu + self.sigma * _deviation(u)

    def share(self, value: float) -> float:
        """Return which share of the draws falls below a value."""
        return _share((value - self.mu) / self.sigma)

    def to_parameter(self) -> dict[str, object]:
        """Return the W&B parameter."""
        return {"distribution": "normal", "mu": float(self.mu), "sigma": float(self.sigma)}


@dataclass(frozen=True, slots=True)
class LogNormal(Latent):
    """Any number above 0 whose natural logarithm is `mu` on average, with the standard deviation `sigma`."""

    mu: float = 0.0
    sigma: float = 1.0

    def __post_init__(self) -> None:
        _check(self.mu, self.sigma)
        if not (self.quantile(0) > 0 and math.isfinite(self.quantile(1))):
            problem = f"e to the power of {self.mu} ± 7 * {self.sigma} is more or less than a number can be"
            raise InvalidSweep(f"{problem}; bring mu nearer to 0 or make sigma smaller", where="mu")

    def quantile(self, u: float) -> float:
        """Return the number below which a share `u` of the draws falls."""
        try:
            return math.exp(self.mu + self.sigma * _deviation(u))
        except OverflowError:
            return math.inf

    def share(self, value: float) -> float:
        """Return which share of the draws falls below a value."""
        return _share((math.log(value) - self.mu) / self.sigma) if value > 0 else 0.0

    def to_parameter(self) -> dict[str, object]:
        """Return the W&B parameter."""
        return {"distribution": "log_normal", "mu": float(self.mu), "sigma": float(self.sigma)}


def _check(mu: float, sigma: float) -> None:
    if not math.isfinite(mu):
        problem = f"must be a finite number, not {mu}"
        raise InvalidSweep(problem, where="mu")
    if not (math.isfinite(sigma) and sigma > 0):
        problem = f"must be above 0, not {sigma}; for one fixed value write {{value: …}}"
        raise InvalidSweep(problem, where="sigma")


def _deviation(u: float) -> float:
    """Return the standard normal distribution's quantile, which never falls as `u` rises."""
    u = min(max(u, _LEAST), _MOST)
    return _left_deviation(u) if u <= 1 - u else -_left_deviation(1 - u)


def _left_deviation(u: float) -> float:
    # A straight line between points that are far enough apart.
    width = math.ulp(u) * _APART
    low = u - math.fmod(u, width)
    below, above = _STANDARD.inv_cdf(low), _STANDARD.inv_cdf(low + width)
    return min(below + (above - below) * ((u - low) / width), above)


def _share(deviation: float) -> float:
    """Return the normal distribution's share below so many sigmas: by erfc, which is exact far out to the left too."""
    return 0.5 * math.erfc(-deviation / math.sqrt(2))
