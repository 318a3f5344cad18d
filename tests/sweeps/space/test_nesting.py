"""Parameters inside parameters."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Iterator, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweeps.errors import InvalidSweep
from sweeps.space import IntAxis, Space

NESTED: dict[str, object] = {
    "epochs": {"value": 3},
    "optimizer": {
        "parameters": {
            "name": {"values": ["adam", "sgd"]},
            "betas": {"parameters": {"second": {"value": 0.9}, "first": {"min": 1, "max": 2}}},
        }
    },
    "batch": {"values": [8, 16]},
}
SPACE = Space.from_parameters(NESTED)

names = st.sampled_from(["a", "b", "a.b", "b.a", "a-b", "A", "_"])
leaves = st.one_of(
    st.just({"value": 1}),
    st.just({"values": [1, 2]}),
    st.just({"min": 0, "max": 2}),
)
trees: st.SearchStrategy[dict[str, object]] = st.recursive(
    st.dictionaries(names, leaves, min_size=1, max_size=3),
    lambda inner: st.dictionaries(names, leaves | inner.map(lambda tree: {"parameters": tree}), min_size=1, max_size=3),
    max_leaves=8,
)


def generator(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311 - a draw, not a secret


def mapping(value: object) -> Mapping[str, object]:
    assert isinstance(value, Mapping)
    return value


def grid(tree: Mapping[str, object]) -> Iterator[dict[str, object]]:
    """Yield the product as W&B does: over the keys in alphabetical order, at each level."""
    columns: list[list[tuple[str, object]]] = []
    for name in sorted(tree):
        spec = mapping(tree[name])
        if "parameters" in spec:
            columns.append([(name, point) for point in grid(mapping(spec["parameters"]))])
        else:
            columns.append([(name, value) for value in Space.from_parameters({"x": spec})["x"].grid()])
    yield from (dict(point) for point in itertools.product(*columns))


def test_values_come_out_nested_in_the_order_of_the_file() -> None:
    point = SPACE.sample(generator(1))
    assert json.dumps(point).replace("16", "8").replace("sgd", "adam").replace(": 2", ": 1") == json.dumps(
        {"epochs": 3, "optimizer": {"name": "adam", "betas": {"second": 0.9, "first": 1}}, "batch": 8}
    )


def test_axes_have_flat_names_in_alphabetical_order_at_each_level() -> None:
    assert SPACE.searched == ("batch", "optimizer.betas.first", "optimizer.name")
    assert SPACE.axes["optimizer.betas.first"] == IntAxis(1, 2)
    assert list(SPACE) == ["epochs", "optimizer.name", "optimizer.betas.second", "optimizer.betas.first", "batch"]


def test_coordinates_have_flat_names_too() -> None:
    point = {"optimizer": {"name": "sgd", "betas": {"first": 2, "second": 0.9}}, "batch": 8, "epochs": 3}
    coordinates = SPACE.encode(point)
    assert coordinates == {"batch": 0, "optimizer.betas.first": 2, "optimizer.name": 1}
    assert SPACE.decode(coordinates) == point


def test_the_grid_goes_through_the_keys_level_by_level() -> None:
    assert list(SPACE.grid_points()) == list(grid(NESTED))
    assert SPACE.size() == 8


def test_a_point_is_the_trials_own() -> None:
    points = SPACE.grid_points()
    first = points[0]
    mapping(first["optimizer"])["betas"]["first"] = 9  # type: ignore[index]
    assert points[0] != first
    assert list(SPACE.grid_points()) == list(grid(NESTED))


@given(trees)
def test_any_grid_is_that_of_wandb(tree: dict[str, object]) -> None:
    points = Space.from_parameters(tree).grid_points()
    expected = list(itertools.islice(grid(tree), 300))
    assert list(points[:300]) == expected


@given(trees, st.integers())
def test_any_point_survives_the_way_there_and_back(tree: dict[str, object], seed: int) -> None:
    space = Space.from_parameters(tree)
    point = space.sample(generator(seed))
    coordinates = space.encode(point)
    assert json.dumps(space.decode(coordinates)) == json.dumps(point)
    assert tuple(coordinates) == space.searched
    assert space.contains(point)


@given(trees)
def test_any_space_is_written_back(tree: dict[str, object]) -> None:
    space = Space.from_parameters(tree)
    again = Space.from_parameters(json.loads(json.dumps(space.to_parameters())))
    assert again == space
    assert (list(again), again.digest(), again.to_parameters()) == (list(space), space.digest(), space.to_parameters())
    assert space.differences(again) == ()


@given(trees)
def test_no_two_parameters_share_a_flat_name(tree: dict[str, object]) -> None:
    def count(tree: Mapping[str, object]) -> int:
        inner = [mapping(spec).get("parameters") for spec in tree.values()]
        return sum(1 if each is None else count(mapping(each)) for each in inner)

    assert len(Space.from_parameters(tree)) == count(tree)


class TestAFlatNameBesideANestedOne:
    BOTH = Space.from_parameters(
        {
            "optimizer.lr": {"values": [1, 2]},
            "optimizer": {"parameters": {"lr": {"values": [10, 20]}, "momentum": {"values": [0, 1]}}},
        }
    )

    def test_keeps_its_name_and_the_nested_one_gets_slashes(self) -> None:
        assert set(self.BOTH) == {"optimizer.lr", "optimizer/lr", "optimizer.momentum"}

    def test_keeps_its_values(self) -> None:
        point = {"optimizer.lr": 2, "optimizer": {"lr": 10, "momentum": 1}}
        coordinates = self.BOTH.encode(point)
        assert coordinates == {"optimizer.lr": 1, "optimizer/lr": 0, "optimizer.momentum": 1}
        assert self.BOTH.decode(coordinates) == point

    def test_is_another_space(self) -> None:
        flat = Space.from_parameters({"a.b": {"values": [1, 2]}})
        nested = Space.from_parameters({"a": {"parameters": {"b": {"values": [1, 2]}}}})
        assert list(flat) == list(nested)
        assert flat != nested
        assert flat.digest() != nested.digest()
        assert flat.differences(nested) == ("parameters.a.parameters.b was added", "parameters.a.b was removed")
        assert flat.sample(generator(1)) in ({"a.b": 1}, {"a.b": 2})

    def test_of_three_that_look_the_same(self) -> None:
        inner = {"value": 0}
        space = Space.from_parameters(
            {
                "a.b.c": inner,
                "a.b": {"parameters": {"c": inner}},
                "a": {"parameters": {"b.c": inner, "b": {"parameters": {"c": inner}}}},
            }
        )
        assert list(space) == ["a.b.c", "a.b/c", "a/b.c", "a/b/c"]
        assert space.sample(generator(1)) == {"a.b.c": 0, "a.b": {"c": 0}, "a": {"b.c": 0, "b": {"c": 0}}}


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({}, "parameters.batch: has no value"),
        ({"batch": 8}, "parameters.optimizer.betas.first: has no value"),
        ({"batch": 8, "optimizer": {"name": "adam"}}, "parameters.optimizer.betas.first: has no value"),
        ({"optimizer": 3}, "parameters.optimizer: must be a mapping, not a number; it has parameters inside"),
        ({"optimizer": {"betas": {"first": 3}}}, "parameters.optimizer.betas.first: 3 lies outside 1 to 2"),
        ({"optimizer": {"nme": 3}}, "parameters.optimizer.nme: there is no such parameter; did you mean 'name'?"),
        (
            {"optimizer.name": "adam"},
            "parameters.optimizer.name: there is no such parameter; did you mean 'optimizer'?",
        ),
        ({"optimizer": {"betas": {"second": 0.8}}}, "parameters.optimizer.betas.second: 0.8 is not the constant 0.9"),
        ({3: 3}, "parameters.3: there is no such parameter; known are epochs, optimizer, batch"),
        (3, "parameters: must be a mapping from names to values, not a number"),
    ],
)
def test_a_point_that_does_not_fit_is_refused_by_its_place(params: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidSweep) as raised:
        SPACE.encode(params)
    assert str(raised.value) == message
    assert not SPACE.contains(params)


def test_constants_may_be_left_out_of_a_point() -> None:
    assert SPACE.contains({"batch": 8, "optimizer": {"name": "sgd", "betas": {"first": 1}}})


def test_a_space_inside_itself_is_refused() -> None:
    endless: dict[str, object] = {}
    endless["a"] = {"parameters": endless}
    with pytest.raises(InvalidSweep, match=r"is nested more than 32 deep; write flatter parameters$"):
        Space.from_parameters(endless)
