"""Student's t, beside published tables and its own density."""

from __future__ import annotations

import math

import pytest

from tracker.ranking.student import quantile

# Abramowitz and Stegun, table 26.10, and the normal distribution's quantiles for very many.
PUBLISHED = [
    (0.95, 1, 6.314),
    (0.95, 2, 2.920),
    (0.95, 3, 2.353),
    (0.95, 4, 2.132),
    (0.95, 9, 1.833),
    (0.95, 10, 1.812),
    (0.95, 30, 1.697),
    (0.95, 120, 1.658),
    (0.95, 10**9, 1.645),
    (0.975, 1, 12.706),
    (0.975, 5, 2.571),
    (0.975, 60, 2.000),
    (0.995, 2, 9.925),
    (0.995, 20, 2.845),
    (0.995, 120, 2.617),
]


@pytest.mark.parametrize(("confidence", "degrees", "t"), PUBLISHED)
def test_it_is_what_the_tables_say(confidence: float, degrees: int, t: float) -> None:
    assert quantile(confidence, degrees) == pytest.approx(t, abs=6e-4)


@pytest.mark.parametrize("degrees", [1, 2, 3, 4, 7, 50, 100, 101, 250])
@pytest.mark.parametrize("confidence", [0.6, 0.9, 0.95, 0.999])
def test_the_density_up_to_it_adds_up_to_the_confidence(confidence: float, degrees: int) -> None:
    t = quantile(confidence, degrees)
    scale = math.exp(math.lgamma((degrees + 1) / 2) - math.lgamma(degrees / 2)) / math.sqrt(degrees * math.pi)
    steps = 4_000
    heights = [scale * (1 + (t * k / steps) ** 2 / degrees) ** (-(degrees + 1) / 2) for k in range(steps + 1)]
    simpson = (heights[0] + heights[-1] + 4 * sum(heights[1:-1:2]) + 2 * sum(heights[2:-1:2])) * t / steps / 3
    assert 0.5 + simpson == pytest.approx(confidence, abs=1e-8)
