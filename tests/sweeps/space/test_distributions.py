from __future__ import annotations

import copy
import itertools
import math
import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweeps.errors import InvalidSweep
from sweeps.space import (
    Categorical,
    ChoiceAxis,
    Constant,
    Distribution,
    FloatAxis,
    IntAxis,
    IntUniform,
    LogUniformValues,
    QUniform,
    Uniform,
)

BOUND = 1e12
shares = st.floats(0, 1, exclude_max=True)
bounds = st.floats(-BOUND, BOUND)


@st.composite
def uniforms(draw: st.DrawFn) -> Uniform:
    low, high = draw(st.lists(bounds, min_size=2, max_size=2, unique=True).map(sorted))
    return Uniform(low, high)


@st.composite
def log_uniforms(draw: st.DrawFn) -> LogUniformValues:
    positive = st.floats(1e-300, 1e300)
    low, high = draw(st.lists(positive, min_size=2, max_size=2, unique=True).map(sorted))
    return LogUniformValues(low, high)


@st.composite
def int_uniforms(draw: st.DrawFn) -> IntUniform:
    whole = st.integers(-(2**53), 2**53)
    low, high = draw(st.lists(whole, min_size=2, max_size=2, unique=True).map(sorted))
    return IntUniform(low, high)


@st.composite
def q_uniforms(draw: st.DrawFn) -> QUniform:
    q = draw(st.one_of(st.integers(1, 50), st.sampled_from([0.05, 0.1, 0.3, 0.25, 1.5])))
    low = draw(st.integers(-1000, 1000))
    return QUniform(low, low + draw(st.integers(1, 1000)), q)


numeric: st.SearchStrategy[Distribution] = st.one_of(uniforms(), log_uniforms(), int_uniforms(), q_uniforms())
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
scalars = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False, allow_infinity=False), texts
)
json_values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3), max_leaves=6
)
categoricals = st.lists(json_values, min_size=1, max_size=8).map(lambda values: Categorical(tuple(values)))


def number(value: object) -> float:
    assert isinstance(value, int | float)
    return value


class TestQuantile:
    @given(numeric, shares, shares)
    def test_rises_with_the_share(self, distribution: Distribution, one: float, other: float) -> None:
        low, high = sorted((one, other))
        assert number(distribution.quantile(low)) <= number(distribution.quantile(high))

    @given(st.one_of(uniforms(), log_uniforms(), int_uniforms()), shares)
    def test_stays_within_the_bounds(self, distribution: Uniform | LogUniformValues | IntUniform, share: float) -> None:
        assert distribution.min <= distribution.quantile(share) <= distribution.max

    @given(q_uniforms(), shares)
    def test_of_steps_goes_at_most_half_a_step_over(self, distribution: QUniform, share: float) -> None:
        slack = distribution.q / 2 * (1 + 1e-9)
        assert distribution.min - slack <= distribution.quantile(share) <= distribution.max + slack

    def test_of_whole_numbers_reaches_both_ends_equally_often(self) -> None:
        draws = [IntUniform(1, 4).quantile(k / 1000) for k in range(1000)]
        assert Counter(draws) == {1: 250, 2: 250, 3: 250, 4: 250}

    def test_of_a_list_is_even(self) -> None:
        draws = [Categorical(("a", "b")).quantile(k / 10) for k in range(10)]
        assert draws == ["a"] * 5 + ["b"] * 5

    def test_of_a_list_counts_a_repeated_value_twice(self) -> None:
        draws = [Categorical(("a", "b", "b")).quantile(k / 30) for k in range(30)]
        assert Counter(map(str, draws)) == {"a": 10, "b": 20}

    def test_of_a_logarithm_is_even_in_ratio(self) -> None:
        assert LogUniformValues(1e-4, 1).quantile(0.5) == pytest.approx(1e-2)

    def test_of_steps_has_the_shares_of_wandb(self) -> None:
        draws = Counter(QUniform(0, 10, 3).quantile(k / 10000) for k in range(10000))
        assert [round(draws[value] / 10000, 2) for value in (0, 3, 6, 9)] == [0.15, 0.30, 0.30, 0.25]

    @given(st.one_of(categoricals, st.builds(Constant, json_values)), shares)
    def test_gives_each_trial_values_of_its_own(self, distribution: Distribution, share: float) -> None:
        before = copy.deepcopy(distribution.quantile(share))
        drawn = distribution.quantile(share)
        if isinstance(drawn, list | dict):
            drawn.clear()
        assert distribution.quantile(share) == before


class TestCoordinates:
    @given(st.one_of(numeric, categoricals), shares)
    def test_a_value_survives_the_way_there_and_back(self, distribution: Distribution, share: float) -> None:
        value = distribution.quantile(share)
        back = distribution.decode(distribution.encode(value))
        assert (back, type(back)) == (value, type(value))

    @given(st.one_of(numeric, categoricals), shares)
    def test_a_coordinate_lies_on_the_axis(self, distribution: Distribution, share: float) -> None:
        coordinate = distribution.encode(distribution.quantile(share))
        match distribution.axis:
            case FloatAxis(low, high) | IntAxis(low, high):
                assert low <= coordinate <= high
            case ChoiceAxis(count):
                assert coordinate in range(count)
            case None:
                pytest.fail("every one of these is searched")

    @given(q_uniforms())
    def test_every_whole_number_of_a_stepped_axis_is_one_value(self, distribution: QUniform) -> None:
        axis = distribution.axis
        for k in range(axis.low, min(axis.high, axis.low + 50) + 1):
            assert distribution.encode(distribution.decode(k)) == k

    def test_true_one_and_one_point_nought_are_three_choices(self) -> None:
        distribution = Categorical((True, 1, 1.0))
        assert [distribution.encode(value) for value in (True, 1, 1.0)] == [0, 1, 2]
        assert [type(distribution.decode(index)) for index in range(3)] == [bool, int, float]

    def test_of_a_tuple_is_that_of_the_list(self) -> None:
        assert Categorical(([1, 2], [3])).encode((3,)) == 1

    @pytest.mark.parametrize(
        ("distribution", "axis"),
        [
            (Constant(3), None),
            (Categorical(("a", "b")), ChoiceAxis(2)),
            (Uniform(0, 1), FloatAxis(0.0, 1.0)),
            (LogUniformValues(0.1, 1), FloatAxis(0.1, 1.0, log=True)),
            (IntUniform(0, 9), IntAxis(0, 9)),
            (QUniform(0, 1, 0.25), IntAxis(0, 4)),
            (QUniform(1, 11, 4), IntAxis(0, 3)),
        ],
    )
    def test_axes(self, distribution: Distribution, axis: object) -> None:
        assert distribution.axis == axis

    @pytest.mark.parametrize(
        ("distribution", "value", "problem"),
        [
            (Constant(3), 4, "4 is not the constant 3"),
            (Constant(value=True), 1, "1 is not the constant true"),
            (Categorical(("a", "b")), "c", "'c' is not among the values"),
            (Uniform(0, 1), 2, "2 lies outside 0 to 1"),
            (Uniform(0, 1), "a", "must be a number, not 'a'"),
            (LogUniformValues(0.1, 1), 0, "0 lies outside 0.1 to 1"),
            (IntUniform(0, 9), 10, "10 lies outside 0 to 9"),
            (IntUniform(0, 9), 1.5, "must be a whole number, not 1.5"),
            (QUniform(0, 1, 0.5), 2, "2 lies outside 0 to 1"),
        ],
    )
    def test_of_a_foreign_value_are_refused(self, distribution: Distribution, value: object, problem: str) -> None:
        with pytest.raises(InvalidSweep) as raised:
            distribution.encode(value)
        assert str(raised.value) == problem

    def test_of_a_constant_are_nothing_to_speak_of(self) -> None:
        assert Constant([1]).encode([1]) == 0
        assert Constant([1]).decode(0) == [1]

    @given(numeric, st.floats(-1e308, 1e308))
    def test_out_of_range_fall_on_the_nearest_value(self, distribution: Distribution, coordinate: float) -> None:
        distribution.encode(distribution.decode(coordinate))


class TestGrid:
    @pytest.mark.parametrize(
        ("distribution", "grid"),
        [
            (Constant("adam"), ["adam"]),
            (Categorical((3, 1, 2)), [3, 1, 2]),
            (Categorical((3, 1, 3)), [3, 1]),
            (IntUniform(2, 5), [2, 3, 4, 5]),
            (QUniform(0, 10, 3), [0, 3, 6, 9]),
            (QUniform(0, 9, 3), [0, 3, 6]),
            (QUniform(1, 10, 4), [1, 5, 9]),
            (QUniform(0, 0.5, 0.1), [0.0, 0.1, 0.2, 0.3, 0.4]),
            (QUniform(0.1, 0.5, 0.1), [0.1, 0.2, 0.3, 0.4]),
        ],
    )
    def test_values(self, distribution: Distribution, grid: list[object]) -> None:
        assert list(distribution.grid()) == grid

    def test_keeps_equal_values_of_different_types(self) -> None:
        assert [type(value) for value in Categorical((True, 1, 1.0)).grid()] == [bool, int, float]

    def test_of_steps_is_a_sequence(self) -> None:
        steps = QUniform(0, 10, 3).grid()
        assert (len(steps), steps[-1], list(steps[1:3])) == (4, 9, [3, 6])
        with pytest.raises(IndexError):
            steps[4]

    def test_of_a_vast_range_takes_no_memory(self) -> None:
        assert IntUniform(0, 2**53).grid()[-1] == 2**53
        assert QUniform(0, 2**53, 1).grid()[-1] == 2**53 - 1

    @pytest.mark.parametrize(
        ("distribution", "name"), [(Uniform(0, 1), "uniform"), (LogUniformValues(0.1, 1), "log_uniform_values")]
    )
    def test_of_a_continuous_distribution_is_refused(self, distribution: Distribution, name: str) -> None:
        with pytest.raises(InvalidSweep) as raised:
            distribution.grid()
        assert str(raised.value) == (
            f"grid search needs a finite list, and {name} has no end of values; "
            "write values, int_uniform or q_uniform, or use method random or bayes"
        )


class TestTypes:
    @pytest.mark.parametrize(("q", "type_"), [(2, int), (2.0, float), (0.5, float)])
    def test_steps_are_whole_numbers_where_q_is_one(self, q: float, type_: type) -> None:
        distribution = QUniform(0.0, 10, q)
        assert {type(distribution.quantile(k / 10)) for k in range(10)} == {type_}
        assert {type(value) for value in distribution.grid()} == {type_}

    def test_steps_are_written_as_decimals_are(self) -> None:
        distribution = QUniform(0, 1, 0.1)
        assert [distribution.decode(k) for k in range(11)] == [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1]

    def test_a_uniform_draw_is_a_float_even_between_whole_numbers(self) -> None:
        assert isinstance(Uniform(0, 1).quantile(0.0), float)
        assert isinstance(LogUniformValues(1, 2).quantile(0.0), float)


class TestBuiltByHand:
    @pytest.mark.parametrize(
        ("low", "high", "problem"),
        [
            (1, 1, "min: min 1 must be below max 1; for one fixed value write {value: 1}"),
            (2, 1, "min: min 2 must be below max 1; swap them"),
            (math.nan, 1, "min: must be a finite number, not nan"),
            (0, math.inf, "max: must be a finite number, not inf"),
            (-1e308, 1e308, "max: max 1e+308 is too far from min -1e+308; narrow the range"),
        ],
    )
    def test_bounds_are_checked(self, low: float, high: float, problem: str) -> None:
        with pytest.raises(InvalidSweep) as raised:
            Uniform(low, high)
        assert str(raised.value) == problem

    @pytest.mark.parametrize("q", [math.nan, math.inf, 0, -1])
    def test_a_step_is_checked(self, q: float) -> None:
        with pytest.raises(InvalidSweep, match=r"^q: must be above 0, not .*; it is the step between values$"):
            QUniform(0, 1, q)

    def test_an_empty_list_is_refused(self) -> None:
        with pytest.raises(InvalidSweep, match=r"^values: is empty; list at least one value$"):
            Categorical(())


def test_draws_are_spread_as_they_should_be() -> None:
    generator = random.Random(7)  # noqa: S311 - a draw, not a secret
    draws = [Uniform(-1, 1).quantile(generator.random()) for _ in range(4000)]
    assert abs(sum(draws) / len(draws)) < 0.05
    quarters = Counter(int((draw + 1) * 2) for draw in draws)
    assert all(abs(one - other) < 200 for one, other in itertools.combinations(quarters.values(), 2))
