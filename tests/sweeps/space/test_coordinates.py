"""Coordinates of W&B's further distributions: every value that is drawn has one, and it leads back."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Mapping

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sweeps.errors import InvalidSweep
from sweeps.space import Beta, CategoricalWProbabilities, Distribution, LogNormal, Normal, QUniform, Rounded, Space

Parameter = Mapping[str, object]

shares = st.floats(0, 1)
steps = st.one_of(st.integers(1, 10**6), st.sampled_from([0.05, 0.1, 0.3, 1.5, 1e-3, 1e9]))
middles, spreads = st.floats(-1e6, 1e6), st.floats(-9, 6).map(lambda power: 10.0**power)
shapes = st.floats(-2, 3).map(lambda power: round(10.0**power, 3))
ranges = st.tuples(st.floats(1e-6, 1e6), st.floats(1.01, 1e6)).map(
    lambda pair: {"min": pair[0], "max": math.prod(pair)}
)
exponents = st.tuples(st.floats(-9, 9), st.integers(1, 9)).map(lambda two: {"min": two[0], "max": sum(two)})
around = st.builds(lambda mu, sigma: {"mu": mu, "sigma": sigma}, middles, spreads)
logarithm = st.builds(lambda mu, sigma: {"mu": mu, "sigma": sigma}, st.floats(-20, 20), st.floats(1e-6, 10))
hill = st.builds(lambda a, b: {"a": a, "b": b}, shapes, shapes)
weights = st.lists(st.integers(0, 5), min_size=1, max_size=5).filter(any)

# A root of the incomplete beta function takes up to a tenth of a second, rarely.
timeless = settings(deadline=None)


def named(name: str, keys: st.SearchStrategy[dict[str, float]]) -> st.SearchStrategy[Parameter]:
    return keys.map(lambda keys: {"distribution": name, **keys})


def rounded(name: str, keys: st.SearchStrategy[dict[str, float]]) -> st.SearchStrategy[Parameter]:
    return st.builds(lambda keys, q: {"distribution": name, **keys, "q": q}, keys, steps)


continuous: st.SearchStrategy[Parameter] = st.one_of(
    named("normal", around),
    named("log_normal", logarithm),
    named("beta", hill),
    named("log_uniform", exponents),
    named("inv_log_uniform", exponents),
    named("inv_log_uniform_values", ranges),
)
in_steps: st.SearchStrategy[Parameter] = st.one_of(
    rounded("q_normal", around),
    rounded("q_log_normal", logarithm),
    rounded("q_beta", hill),
    rounded("q_log_uniform", exponents),
    rounded("q_log_uniform_values", ranges),
    rounded("q_uniform", ranges),
)
weighted: st.SearchStrategy[Parameter] = weights.map(
    lambda weights: {
        "values": [[index] for index in range(len(weights))],
        "probabilities": [weight / sum(weights) for weight in weights],
    }
)
every = st.one_of(continuous, in_steps, weighted)


def read(parameter: Parameter) -> Distribution | None:
    """Read a parameter; None where its steps are finer than floats can count."""
    try:
        return Space.from_parameters({"x": parameter})["x"]
    except InvalidSweep as fault:
        assert fault.where == "parameters.x.q"  # noqa: PT017 - the only fault that these may have
        return None


class TestOfEveryDistribution:
    @timeless
    @given(every, shares)
    @example({"distribution": "normal", "mu": 0.5, "sigma": 1e-300}, 0.3)
    @example({"distribution": "normal", "mu": 0, "sigma": 1}, 1 - 1e-12)
    @example({"distribution": "normal", "mu": -1e6, "sigma": 1e-9}, 0.999)
    @example({"distribution": "log_normal", "mu": 0, "sigma": 90}, 0.1)
    @example({"distribution": "beta", "a": 1e-3, "b": 1e-3}, 0.5)
    @example({"distribution": "beta", "a": 1e6, "b": 1e6}, 0.7)
    @example({"distribution": "beta", "a": 1e-3, "b": 1e6}, 0.999)
    @example({"distribution": "q_normal", "mu": 0, "sigma": 1, "q": 1e9}, 0.0)
    @example({"distribution": "q_beta", "a": 1e-3, "b": 1e-3, "q": 0.3}, 0.5)
    def test_a_value_survives_the_way_there_and_back(self, parameter: Parameter, share: float) -> None:
        if (distribution := read(parameter)) is None:
            return
        value = distribution.quantile(share)
        coordinate = distribution.encode(value)
        back = distribution.decode(coordinate)
        assert (back, type(back)) == (value, type(value))
        axis = distribution.axis
        assert getattr(axis, "low", 0) <= coordinate <= getattr(axis, "high", 1)

    @timeless
    @given(every)
    def test_every_form_is_written_back(self, parameter: Parameter) -> None:
        if read(parameter) is None:
            return
        space = Space.from_parameters({"x": parameter})
        again = Space.from_parameters(json.loads(json.dumps(space.to_parameters())))
        assert again == space
        assert again.digest() == space.digest()
        assert json.dumps(again.to_parameters()) == json.dumps(space.to_parameters())

    @timeless
    @given(every, shares, shares)
    def test_quantiles_rise(self, parameter: Parameter, one: float, other: float) -> None:
        distribution = read(parameter)
        if distribution is None:
            return
        low, high = (distribution.quantile(share) for share in sorted((one, other)))
        assert [low] <= [high]  # numbers, or lists of one number each

    @pytest.mark.parametrize("distribution", [Normal(), Normal(3, 2.5), LogNormal(-20, 10)])
    @pytest.mark.parametrize("decades", [0, 12])
    def test_what_lies_around_a_middle_survives_to_the_last_digit(
        self, distribution: Normal | LogNormal, decades: int
    ) -> None:
        generator = random.Random(7)  # noqa: S311 - draws, not secrets
        for _ in range(1000):
            share = generator.random() * 10 ** generator.uniform(-decades, 0)
            value = distribution.quantile(share)
            assert distribution.quantile(math.nextafter(share, 1)) >= value
            assert distribution.decode(distribution.encode(value)) == value

    @timeless
    @given(st.one_of(continuous, in_steps), st.floats(allow_nan=False))
    def test_out_of_range_falls_on_the_nearest_value(self, parameter: Parameter, coordinate: float) -> None:
        distribution = read(parameter)
        if distribution is not None and abs(coordinate) < 1e300:
            distribution.encode(distribution.decode(coordinate))


class TestOfValuesNobodyDrew:
    @pytest.mark.parametrize(
        ("distribution", "value"),
        [
            (Normal(), 1.25),
            (Normal(0.1, 1e-3), 0.1003),
            (LogNormal(-3, 2), 0.5),
            (Beta(2, 5), 0.123456789),
            (Beta(), 0),
        ],
    )
    def test_lead_back_to_the_value_itself(self, distribution: Distribution, value: float) -> None:
        assert distribution.decode(distribution.encode(value)) == pytest.approx(value, rel=1e-14)

    def test_far_out_to_the_right_lead_to_the_nearest_value(self) -> None:
        # Shares near 1 are 1e-16 apart, which is 1e-5 sigmas out there.
        assert Normal().decode(Normal().encode(7)) == pytest.approx(7, abs=1e-5)
        assert Normal().decode(Normal().encode(-7)) == pytest.approx(-7, abs=1e-14)

    def test_lie_in_the_middle_of_their_cell(self) -> None:
        assert Rounded(Normal(0, 10), 5).encode(0) == 0.5
        assert Rounded(Normal(0, 10), 5).encode(1.3) == 0.5
        weighted = CategoricalWProbabilities(("a", "b", "c"), (0.25, 0.5, 0.25))
        assert [weighted.encode(value) for value in "abc"] == [0.125, 0.5, 0.875]

    def test_of_what_stands_twice_are_of_the_first_that_is_drawn(self) -> None:
        assert CategoricalWProbabilities((1, 1, True), (0.0, 0.5, 0.5)).encode(1) == 0.25
        assert CategoricalWProbabilities((1, 1, True), (0.0, 0.5, 0.5)).encode(value=True) == 0.75

    @pytest.mark.parametrize(
        ("distribution", "value", "problem"),
        [
            (Normal(), 8, "8 lies outside -7.0344838253011"),
            (LogNormal(), 0, "0 lies outside 0.000880"),
            (Beta(2, 2), 1.5, "1.5 lies outside 0.0 to 1.0"),
            (Beta(2, 2), "x", "must be a number, not 'x'"),
            (Rounded(Beta(2, 2), 0.5), 2, "2 lies outside 0.0 to 1.0"),
            (Rounded(Normal(), 0.1), 1e308, "1e+308 lies outside -7.0 to 7.0"),
            (QUniform(0, 1, 0.1), -1e308, "-1e+308 lies outside 0 to 1"),
            (Rounded(Normal(), 1), 9, "9 lies outside -7 to 7"),
            (CategoricalWProbabilities(("a", "b"), (0.0, 1.0)), "c", "'c' is not among the values"),
            (
                CategoricalWProbabilities(("a", "b"), (0.0, 1.0)),
                "a",
                "'a' is never drawn; give it a probability above 0",
            ),
        ],
    )
    def test_are_refused_where_nobody_could(self, distribution: Distribution, value: object, problem: str) -> None:
        with pytest.raises(InvalidSweep) as raised:
            distribution.encode(value)
        assert str(raised.value).startswith(problem)


class TestGrid:
    @pytest.mark.parametrize(
        ("parameter", "line"),
        [
            ({"distribution": "normal"}, "grid search needs a finite list, and normal has no end of values; "),
            ({"distribution": "log_normal"}, "grid search needs a finite list, and log_normal has no end of values; "),
            ({"distribution": "beta"}, "grid search needs a finite list, and beta has no end of values; "),
            ({"distribution": "q_beta"}, "grid search does not take q_beta; "),
            ({"distribution": "q_log_uniform", "min": 0, "max": 3}, "grid search does not take q_log_uniform_values; "),
            (
                {"values": [1], "probabilities": [1]},
                "grid search visits every value once; remove the probabilities, ",
            ),
        ],
    )
    def test_is_refused_as_in_wandb(self, parameter: Parameter, line: str) -> None:
        space = Space.from_parameters({"x": parameter})
        assert space.size() is None
        with pytest.raises(InvalidSweep) as raised:
            space.grid_points()
        assert str(raised.value).startswith(f"parameters.x: {line}")
        assert str(raised.value).endswith("or use method random or bayes")
