from __future__ import annotations

import itertools
import json
import pickle
import random
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweeps.errors import InvalidSweep
from sweeps.space import ChoiceAxis, FloatAxis, IntAxis, Space, Uniform

MIXED = Space.from_parameters(
    {
        "width": {"values": [32, 64]},
        "lr": {"distribution": "log_uniform_values", "min": 1e-4, "max": 0.1},
        "epochs": {"value": 20},
        "depth": {"min": 1, "max": 4},
    }
)
FINITE = Space.from_parameters(
    {"b": {"values": ["x", "y"]}, "c": {"value": 7}, "a": {"min": 1, "max": 3}, "B": {"values": [0.5]}}
)

names = st.from_regex(r"[A-Za-z_][A-Za-z0-9_.-]{0,4}", fullmatch=True)
scalars = st.one_of(st.none(), st.booleans(), st.integers(-9, 9), st.floats(-9, 9), st.text("ab1e-", max_size=4))
whole = st.integers(-50, 50)
ranges = st.tuples(whole, st.integers(1, 20)).map(lambda pair: {"min": pair[0], "max": sum(pair)})
finite_parameters = st.one_of(
    st.builds(lambda value: {"value": value}, scalars),
    st.builds(lambda values: {"values": values}, st.lists(scalars, min_size=1, max_size=4)),
    ranges,
    ranges.map(lambda bounds: bounds | {"distribution": "q_uniform", "q": 7}),
    ranges.map(lambda bounds: bounds | {"distribution": "q_uniform", "q": 0.5}),
)
parameters = st.one_of(
    finite_parameters,
    ranges.map(lambda bounds: bounds | {"distribution": "uniform"}),
    st.just({"distribution": "log_uniform_values", "min": "1e-5", "max": 1}),
)
finite_spaces = st.dictionaries(names, finite_parameters, min_size=1, max_size=4).map(Space.from_parameters)
spaces = st.dictionaries(names, parameters, min_size=1, max_size=5).map(Space.from_parameters)


def generator(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311 - a draw, not a secret


def exact(value: object) -> str:
    return json.dumps(value, sort_keys=True)


class TestMapping:
    def test_keeps_the_order_of_the_file(self) -> None:
        assert list(MIXED) == ["width", "lr", "epochs", "depth"]
        assert len(MIXED) == 4
        assert "lr" in MIXED

    def test_does_not_follow_the_mapping_it_was_read_from(self) -> None:
        parameters: dict[str, object] = {"x": {"min": 0.0, "max": 1.0}}
        space = Space.from_parameters(parameters)
        parameters["y"] = {"value": 1}
        assert dict(space) == {"x": Uniform(0, 1)}

    def test_names_what_is_searched_in_alphabetical_order(self) -> None:
        assert MIXED.searched == ("depth", "lr", "width")

    def test_shows_the_axes_that_are_searched(self) -> None:
        assert MIXED.axes == {"depth": IntAxis(1, 4), "lr": FloatAxis(1e-4, 0.1, log=True), "width": ChoiceAxis(2)}

    def test_travels_between_processes(self) -> None:
        assert pickle.loads(pickle.dumps(MIXED)) == MIXED  # noqa: S301 - our own


class TestSize:
    def test_multiplies_the_columns(self) -> None:
        assert FINITE.size() == 6

    def test_of_a_continuous_space_is_unknown(self) -> None:
        assert MIXED.size() is None

    def test_counts_what_no_machine_could_hold(self) -> None:
        vast = Space.from_parameters({f"x{i}": {"min": 1, "max": 1000} for i in range(30)})
        assert vast.size() == 10**90

    @given(finite_spaces)
    def test_is_the_number_of_grid_points(self, space: Space) -> None:
        assert space.size() == len(space.grid_points())


class TestGridPoints:
    def test_go_through_the_names_in_alphabetical_order_the_last_one_fastest(self) -> None:
        points = [(point["B"], point["a"], point["b"], point["c"]) for point in FINITE.grid_points()]
        assert points == [(0.5, a, b, 7) for a in (1, 2, 3) for b in ("x", "y")]

    @given(finite_spaces)
    def test_are_the_product_of_the_columns(self, space: Space) -> None:
        product = itertools.product(*(space[name].grid() for name in sorted(space)))
        expected = [dict(zip(sorted(space), values, strict=True)) for values in itertools.islice(product, 200)]
        points = space.grid_points()
        assert exact([points[index] for index in range(min(len(points), 200))]) == exact(expected)

    @given(finite_spaces)
    def test_are_all_different(self, space: Space) -> None:
        points = space.grid_points()[:200]
        assert len({exact(point) for point in points}) == len(points)

    def test_answer_as_a_sequence_does(self) -> None:
        points = FINITE.grid_points()
        assert len(points) == 6
        assert points[-1] == points[5] == {"B": 0.5, "a": 3, "b": "y", "c": 7}
        assert list(points[1:3]) == [points[1], points[2]]
        with pytest.raises(IndexError):
            points[6]

    def test_of_a_vast_grid_are_computed_one_by_one(self) -> None:
        vast = Space.from_parameters({f"x{i}": {"min": 0, "max": 99} for i in range(9)})
        assert vast.grid_points()[10**18 - 1] == dict.fromkeys(vast, 99)
        assert vast.grid_points()[123]["x8"] == 23

    def test_beyond_counting_are_refused(self) -> None:
        vast = Space.from_parameters({f"x{i}": {"min": 0, "max": 99} for i in range(10)})
        with pytest.raises(InvalidSweep) as raised:
            vast.grid_points()
        assert str(raised.value) == f"parameters: grid search would visit {10**20} points; use method random or bayes"

    def test_name_the_parameter_that_has_no_end_of_values(self) -> None:
        with pytest.raises(InvalidSweep, match=r"^parameters\.lr: grid search needs a finite list, and log_uniform"):
            MIXED.grid_points()

    def test_belong_to_the_trial_that_gets_them(self) -> None:
        points = Space.from_parameters({"layers": {"values": [[1], [2]]}}).grid_points()
        layers = points[0]["layers"]
        assert isinstance(layers, list)
        layers.append(9)
        assert points[0] == {"layers": [1]}


class TestSample:
    def test_holds_every_parameter_in_the_order_of_the_file(self) -> None:
        point = MIXED.sample(generator(1))
        assert list(point) == ["width", "lr", "epochs", "depth"]
        assert point["epochs"] == 20

    @given(spaces, st.integers())
    def test_depends_on_the_seed_alone(self, space: Space, seed: int) -> None:
        assert exact(space.sample(generator(seed))) == exact(space.sample(generator(seed)))

    @given(spaces, st.integers())
    def test_does_not_depend_on_the_order_of_the_file(self, space: Space, seed: int) -> None:
        turned = Space(dict(reversed(list(space.items()))))
        assert exact(space.sample(generator(seed))) == exact(turned.sample(generator(seed)))

    def test_does_not_depend_on_the_constants(self) -> None:
        more = Space({**MIXED, **Space.from_parameters({"aaa": {"value": 0}})})
        assert more.sample(generator(5)) == MIXED.sample(generator(5)) | {"aaa": 0}

    def test_takes_one_number_per_searched_parameter(self) -> None:
        used, counted = generator(3), generator(3)
        MIXED.sample(used)
        for _ in MIXED.searched:
            counted.random()
        assert used.random() == counted.random()


class TestCoordinates:
    @given(spaces, st.integers())
    def test_survive_the_way_there_and_back(self, space: Space, seed: int) -> None:
        point = space.sample(generator(seed))
        assert exact(space.decode(space.encode(point))) == exact(point)

    def test_leave_constants_out(self) -> None:
        point = {"width": 64, "lr": 0.01, "epochs": 20, "depth": 2}
        assert MIXED.encode(point) == {"depth": 2, "lr": 0.01, "width": 1}

    @pytest.mark.parametrize(
        ("params", "message"),
        [
            ({"depth": 2, "lr": 0.01}, "parameters.width: has no value"),
            ({"depth": 2, "lr": 3, "width": 32}, "parameters.lr: 3 lies outside 0.0001 to 0.1"),
            ({"depth": 2, "lr": 0.01, "width": 33}, "parameters.width: 33 is not among the values"),
        ],
    )
    def test_of_a_foreign_point_are_refused(self, params: dict[str, object], message: str) -> None:
        with pytest.raises(InvalidSweep) as raised:
            MIXED.encode(params)
        assert str(raised.value) == message


class TestDigest:
    def test_is_short(self) -> None:
        assert len(MIXED.digest()) == 16

    def test_stays_what_it_was_in_earlier_versions(self) -> None:
        assert MIXED.digest() == "680ba076231389d0"

    def test_does_not_depend_on_the_process(self) -> None:
        code = "from sweeps.space import Space; print(Space.from_parameters({'b': {'values': [1]}}).digest())"
        found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
        assert found == Space.from_parameters({"b": {"values": [1]}}).digest()

    @given(spaces)
    def test_does_not_depend_on_the_order_of_the_names(self, space: Space) -> None:
        assert Space(dict(reversed(list(space.items())))).digest() == space.digest()

    def test_does_not_depend_on_how_a_distribution_was_spelled(self) -> None:
        spellings: list[dict[str, object]] = [
            {"min": 0.0, "max": 1},
            {"distribution": "uniform", "min": 0, "max": "1"},
            {"min": 0, "max": "1e0"},
        ]
        assert len({Space.from_parameters({"x": spelling}).digest() for spelling in spellings}) == 1

    @pytest.mark.parametrize(
        "changed",
        [
            {"x": {"values": [1, 2.0]}},
            {"x": {"values": [True, 2]}},
            {"x": {"values": [2, 1]}},
            {"x": {"values": [1, 2, 2]}},
            {"x": {"min": 1, "max": 2}},
            {"y": {"values": [1, 2]}},
            {"x": {"values": [1, 2]}, "y": {"value": 1}},
        ],
    )
    def test_tells_spaces_apart(self, changed: dict[str, object]) -> None:
        assert Space.from_parameters(changed).digest() != Space.from_parameters({"x": {"values": [1, 2]}}).digest()


class TestToParameters:
    @given(spaces)
    def test_is_json_and_reads_back(self, space: Space) -> None:
        written = json.loads(json.dumps(space.to_parameters()))
        again = Space.from_parameters(written)
        assert list(again) == list(space)
        assert again.digest() == space.digest()
        assert exact(again.to_parameters()) == exact(space.to_parameters())
