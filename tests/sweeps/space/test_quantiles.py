"""Every distribution of W&B's against the formulas of its specification and against SciPy's quantiles."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import special, stats

from sweeps.space import Distribution, FloatAxis, Space
from sweeps.space.incomplete_beta import incomplete_beta

Parameter = Mapping[str, object]
Floats = NDArray[np.float64]
DRAWS = 3000
# The Kolmogorov-Smirnov distance that one right sample in a million exceeds: sqrt(ln(2 / 1e-6) / 2).
BOUND = 2.694 / math.sqrt(DRAWS)


def read(parameter: Parameter) -> Distribution:
    return Space.from_parameters({"x": parameter})["x"]


def numbers(values: Iterable[object]) -> Floats:
    return np.array(list(values), dtype=np.float64)


def draws(parameter: Parameter, count: int = DRAWS, seed: int = 7) -> Floats:
    """Draw as random search does."""
    space, generator = Space.from_parameters({"x": parameter}), random.Random(seed)  # noqa: S311 - a draw, not a secret
    return numbers(space.sample(generator)["x"] for _ in range(count))


# The specification's formulas of the value at a share u, written again with SciPy.
FORMULAS: Mapping[str, Callable[..., Floats]] = {
    "uniform": lambda u, low, high: stats.uniform.ppf(u, low, high - low),
    "log_uniform": lambda u, low, high: np.exp(stats.uniform.ppf(u, low, high - low)),
    "log_uniform_values": lambda u, low, high: np.exp(stats.uniform.ppf(u, np.log(low), np.log(high) - np.log(low))),
    "inv_log_uniform": lambda u, low, high: np.exp(-stats.uniform.ppf(1 - u, low, high - low)),
    "inv_log_uniform_values": lambda u, low, high: (
        1 / np.exp(stats.uniform.ppf(1 - u, np.log(1 / high), np.log(1 / low) - np.log(1 / high)))
    ),
    "normal": stats.norm.ppf,
    "log_normal": lambda u, mu, sigma: stats.lognorm.ppf(u, s=sigma, scale=np.exp(mu)),
    "beta": stats.beta.ppf,
}
FORMULAS = {
    **FORMULAS,
    **{
        f"q_{name}": lambda u, one, other, q, formula=formula: np.round(formula(u, one, other) / q) * q
        for name, formula in FORMULAS.items()
        if not name.startswith("inv_")
    },
}
CONTINUOUS: list[Parameter] = [
    {"distribution": "uniform", "min": -3, "max": 2},
    {"distribution": "uniform", "min": 0, "max": 1e-300},
    {"distribution": "uniform", "min": -1e300, "max": 1e300},
    {"distribution": "log_uniform", "min": -9.0, "max": 2},
    {"distribution": "log_uniform_values", "min": 1e-5, "max": 0.1},
    {"distribution": "log_uniform_values", "min": 1e-300, "max": 1e300},
    {"distribution": "inv_log_uniform", "min": -1, "max": 5},
    {"distribution": "inv_log_uniform_values", "min": 0.01, "max": 100},
    {"distribution": "normal", "mu": 0, "sigma": 1},
    {"distribution": "normal", "mu": 1e-3, "sigma": 1e-12},
    {"distribution": "normal", "mu": -5e6, "sigma": 1e200},
    {"distribution": "log_normal", "mu": 0, "sigma": 1},
    {"distribution": "log_normal", "mu": -40, "sigma": 8},
    {"distribution": "beta", "a": 1, "b": 1},
    {"distribution": "beta", "a": 2, "b": 5},
    {"distribution": "beta", "a": 0.5, "b": 0.5},
    {"distribution": "beta", "a": 300, "b": 4000.5},
]
ROUNDED: list[Parameter] = [
    {"distribution": "q_uniform", "min": 0, "max": 10, "q": 3},
    {"distribution": "q_uniform", "min": -1, "max": 1, "q": 0.25},
    {"distribution": "q_uniform", "min": 1, "max": 2, "q": 100},
    {"distribution": "q_log_uniform", "min": 0, "max": 7, "q": 5},
    {"distribution": "q_log_uniform_values", "min": 1, "max": 1024, "q": 1},
    {"distribution": "q_log_uniform_values", "min": 0.01, "max": 3, "q": 0.5},
    {"distribution": "q_normal", "mu": 3, "sigma": 10, "q": 4},
    {"distribution": "q_normal", "mu": 0, "sigma": 1e-9, "q": 1},
    {"distribution": "q_normal", "mu": 0, "sigma": 1, "q": 1e9},
    {"distribution": "q_log_normal", "mu": 2, "sigma": 1, "q": 2},
    {"distribution": "q_beta", "a": 2, "b": 3, "q": 0.1},
    {"distribution": "q_beta", "a": 0.5, "b": 0.5, "q": 1},
]
# Those that samplers have no axis for.
LATENT = [parameter for parameter in CONTINUOUS + ROUNDED if "uniform" not in str(parameter["distribution"])]
LATENT += [parameter for parameter in ROUNDED if "q_log_uniform" in str(parameter["distribution"])]


def arguments(parameter: Parameter) -> list[float]:
    values = [value for key, value in parameter.items() if key != "distribution"]
    return [float(value) for value in values if isinstance(value, int | float)]


def formula_of(parameter: Parameter) -> Callable[[Floats], Floats]:
    formula = FORMULAS[str(parameter["distribution"])]
    return lambda u: formula(u, *arguments(parameter))


def distance(sample: Floats, quantiles: Callable[[Floats], Floats]) -> float:
    """Return the Kolmogorov-Smirnov distance of a sample from a large one made of the formula's quantiles.

    The large sample stands for the distribution itself: its shares are evenly spaced.
    """
    reference = quantiles((np.arange(20_000) + 0.5) / 20_000)
    at = np.unique(np.concatenate([sample, reference]))
    # Rounded values come out of two formulas with different last digits.
    step = np.maximum(np.abs(at), np.finfo(np.float64).tiny) * 1e-9
    ours = np.searchsorted(np.sort(sample), at + step, side="right") / len(sample)
    theirs = np.searchsorted(np.sort(reference), at + step, side="right") / len(reference)
    return float(np.max(np.abs(ours - theirs)))


def name_of(parameter: Parameter) -> str:
    return " ".join(map(str, parameter.values()))


class TestTheSpecification:
    @pytest.mark.parametrize("parameter", CONTINUOUS, ids=name_of)
    def test_gives_the_same_quantiles(self, parameter: Parameter) -> None:
        shares = np.concatenate([[1e-9, 1e-4], np.linspace(0.001, 0.999, 97), [0.9999]])
        ours = numbers(read(parameter).quantile(float(u)) for u in shares)
        np.testing.assert_allclose(ours, formula_of(parameter)(shares), rtol=2e-9, atol=0)

    @pytest.mark.parametrize("parameter", ROUNDED, ids=name_of)
    def test_gives_the_same_steps(self, parameter: Parameter) -> None:
        shares = np.linspace(0.00031, 0.99937, 1009)
        ours = numbers(read(parameter).quantile(float(u)) for u in shares)
        np.testing.assert_allclose(ours, formula_of(parameter)(shares), rtol=1e-12, atol=1e-12)

    @pytest.mark.parametrize("parameter", CONTINUOUS + ROUNDED, ids=name_of)
    def test_is_what_random_search_draws_from(self, parameter: Parameter) -> None:
        assert distance(draws(parameter), formula_of(parameter)) < BOUND

    @pytest.mark.parametrize("parameter", LATENT, ids=name_of)
    def test_is_what_a_uniform_coordinate_decodes_to(self, parameter: Parameter) -> None:
        distribution, generator = read(parameter), random.Random(11)  # noqa: S311 - a draw, not a secret
        assert distribution.axis == FloatAxis(0.0, 1.0)
        sample = numbers(distribution.decode(generator.random()) for _ in range(DRAWS))
        assert distance(sample, formula_of(parameter)) < BOUND

    def test_of_the_inverse_one_is_that_of_the_other(self) -> None:
        spelled = [
            {"distribution": name, "min": 0.01, "max": 10} for name in ("log_uniform_values", "inv_log_uniform_values")
        ]
        assert Space.from_parameters({"x": spelled[0]}) == Space.from_parameters({"x": spelled[1]})


class TestTheJudge:
    """The bound is one that a wrong distribution does not keep."""

    @pytest.mark.parametrize(
        ("drawn", "wrong"),
        [
            ({"distribution": "normal"}, {"distribution": "normal", "mu": 0, "sigma": 1.2}),
            ({"distribution": "normal"}, {"distribution": "normal", "mu": 0.15, "sigma": 1}),
            ({"distribution": "log_normal"}, {"distribution": "normal", "mu": 0, "sigma": 1}),
            (
                {"distribution": "log_uniform_values", "min": 1, "max": 3},
                {"distribution": "uniform", "min": 1, "max": 3},
            ),
            (
                {"distribution": "log_uniform", "min": 1, "max": 3},
                {"distribution": "log_uniform_values", "min": 1, "max": 3},
            ),
            (
                {"distribution": "inv_log_uniform", "min": 1, "max": 3},
                {"distribution": "log_uniform", "min": 1, "max": 3},
            ),
            ({"distribution": "beta", "a": 2, "b": 3}, {"distribution": "beta", "a": 3, "b": 2}),
            ({"distribution": "beta", "a": 2, "b": 5}, {"distribution": "beta", "a": 2, "b": 4.5}),
            (
                {"distribution": "q_uniform", "min": 0, "max": 10, "q": 3},
                {"distribution": "q_uniform", "min": 0, "max": 11, "q": 3},
            ),
            (
                {"distribution": "q_normal", "sigma": 10, "q": 4},
                {"distribution": "q_normal", "mu": 0, "sigma": 10, "q": 2},
            ),
        ],
        ids=name_of,
    )
    def test_refuses_a_wrong_distribution(self, drawn: Parameter, wrong: Parameter) -> None:
        assert distance(draws(drawn), formula_of(wrong)) > BOUND


class TestWeights:
    VALUES = (True, 1, 1.0, "never", [1])
    WEIGHTS = (0.1, 0.2, 0.3, 0.0, 0.4)

    def test_are_the_shares_that_are_drawn(self) -> None:
        parameter = {"values": list(self.VALUES), "probabilities": list(self.WEIGHTS)}
        space, generator = Space.from_parameters({"x": parameter}), random.Random(3)  # noqa: S311 - a draw, not a secret
        drawn = Counter(repr(space.sample(generator)["x"]) for _ in range(DRAWS))
        assert set(drawn) == {"True", "1", "1.0", "[1]"}
        expected = {repr(value): weight for value, weight in zip(self.VALUES, self.WEIGHTS, strict=True)}
        assert max(abs(count / DRAWS - expected[text]) for text, count in drawn.items()) < BOUND

    @given(st.lists(st.integers(0, 9), min_size=1, max_size=6).filter(any), st.floats(0, 1))
    def test_lie_one_after_another(self, weights: Sequence[int], share: float) -> None:
        total = sum(weights)
        parameter = {"values": list(range(len(weights))), "probabilities": [weight / total for weight in weights]}
        index = read(parameter).decode(share)
        assert isinstance(index, int)
        assert weights[index] > 0
        slack = 1e-12
        assert sum(weights[:index]) / total - slack <= share <= sum(weights[: index + 1]) / total + slack

    def test_may_miss_one_by_rounding(self) -> None:
        thirds = read({"values": [1, 2, 3], "probabilities": [0.33333, 0.33333, 0.33333]})
        assert thirds.decode(1.0) == 3


class TestSteps:
    @pytest.mark.parametrize(("q", "type_"), [(2, int), (2.0, float), (0.5, float), (None, int)])
    @pytest.mark.parametrize(
        "parameter", [{"distribution": "q_normal", "sigma": 5}, {"distribution": "q_log_uniform", "min": 0, "max": 4}]
    )
    def test_are_whole_numbers_where_q_is_one(self, parameter: Parameter, q: float | None, type_: type) -> None:
        distribution = read(parameter if q is None else {**parameter, "q": q})
        assert {type(distribution.quantile(k / 10)) for k in range(10)} == {type_}

    def test_are_written_as_decimals_are(self) -> None:
        assert {read({"distribution": "q_beta", "q": 0.1}).quantile(k / 100) for k in range(100)} == {
            0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1,
        }  # fmt: skip

    def test_have_the_shares_of_their_cells(self) -> None:
        distribution = read({"distribution": "q_normal", "mu": 1, "sigma": 2, "q": 3})
        drawn = Counter(distribution.quantile((k + 0.5) / 10000) for k in range(10000))
        for value in (-3, 0, 3, 6):
            share = stats.norm.cdf(value + 1.5, 1, 2) - stats.norm.cdf(value - 1.5, 1, 2)
            assert drawn[value] / 10000 == pytest.approx(share, abs=2e-4)


class TestIncompleteBeta:
    shapes = st.floats(-3, 6).map(lambda power: 10.0**power)

    # Of a number with fewer bits than others scipy has fewer digits: of 5e-324, with shapes 1/64 and 2, it has two.
    @given(st.floats(0, 1, allow_subnormal=False), shapes, shapes)
    @example(0.5, 1e6, 1e6)
    @example(1e-300, 1e-3, 1e-3)
    @example(1 - 1e-16, 1e-3, 1e6)
    def test_is_that_of_scipy(self, x: float, a: float, b: float) -> None:
        # lgamma of a million has nine digits behind the point.
        assert incomplete_beta(x, a, b) == pytest.approx(float(special.betainc(a, b, x)), abs=1e-8)

    @given(st.floats(0.01, 100), st.floats(0.01, 100), st.floats(0, 1, allow_subnormal=False))
    @example(0.5, 0.5, 1 - 1e-16)
    def test_of_moderate_shapes_is_exact(self, a: float, b: float, x: float) -> None:
        # Near 1 scipy has fewer digits (of 1 - 1e-16, with both shapes 0.5, eight), so it is asked from the other end.
        judge = special.betainc(a, b, x) if x < 0.5 else 1 - special.betainc(b, a, 1 - x)
        assert incomplete_beta(x, a, b) == pytest.approx(float(judge), abs=1e-12)

    @given(st.floats(0, 1), st.floats(0.01, 100))
    def test_of_one_is_a_power(self, x: float, a: float) -> None:
        assert incomplete_beta(x, a, 1.0) == pytest.approx(x**a, abs=1e-13)

    @pytest.mark.parametrize(("a", "b"), [(1e-3, 1e-3), (1e-3, 1e6), (1e6, 1e-3), (1e6, 1e6), (0.1, 7), (4, 4)])
    def test_has_quantiles_that_rise(self, a: float, b: float) -> None:
        distribution = read({"distribution": "beta", "a": a, "b": b})
        values = numbers(distribution.quantile(k / 60) for k in range(61))
        assert values[0] == 0
        assert values[-1] == 1
        assert all(low <= high for low, high in pairwise(values))
        finite = (values > 0) & (values < 1)
        np.testing.assert_allclose(special.betainc(a, b, values[finite]), np.arange(61)[finite] / 60, atol=1e-7)
