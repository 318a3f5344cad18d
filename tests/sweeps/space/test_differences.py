"""What resume says of a changed space, and what `sweeps check` says of an odd one."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweeps.space import Space

Parameter = Mapping[str, object]

LOG = {"distribution": "log_uniform_values", "min": 0.001, "max": 0.1}


@pytest.mark.parametrize(
    ("before", "after", "lines"),
    [
        ({"lr": LOG}, {"lr": LOG | {"max": 0.2}}, ["parameters.lr.max: 0.1 became 0.2"]),
        (
            {"lr": LOG},
            {"lr": LOG | {"distribution": "uniform"}},
            ["parameters.lr: log_uniform_values became uniform"],
        ),
        ({"a": {"value": 1}, "w": {"value": 2}}, {"a": {"value": 1}}, ["parameters.w was removed"]),
        ({"a": {"value": 1}}, {"a": {"value": 1}, "w": {"value": 2}}, ["parameters.w was added"]),
        ({"a": {"value": 1}}, {"a": {"value": True}}, ["parameters.a.value: 1 became true"]),
        ({"a": {"value": 1}}, {"a": {"values": [1]}}, ["parameters.a: constant became categorical"]),
        ({"a": {"values": [1, 2]}}, {"a": {"values": [2, 1]}}, ["parameters.a.values: [1, 2] became [2, 1]"]),
        (
            {"a": {"values": list(range(99))}},
            {"a": {"values": [*range(98), 0]}},
            ["parameters.a.values[98]: 98 became 0"],
        ),
        (
            {"a": {"values": list(range(99))}},
            {"a": {"values": list(range(98))}},
            ["parameters.a.values: 99 of them became 98"],
        ),
        ({"a": {"value": "x" * 99}}, {"a": {"value": "x" * 98}}, ["parameters.a.value became another value"]),
        (
            {"a": {"values": [1, 2], "probabilities": [0.5, 0.5]}},
            {"a": {"values": [1, 2]}},
            ["parameters.a: categorical_w_probabilities became categorical"],
        ),
        (
            {"o": {"parameters": {"lr": {"min": 1, "max": 2}, "w": {"value": 1}}}},
            {"o": {"parameters": {"lr": {"min": 1, "max": 3}}}},
            ["parameters.o.parameters.lr.max: 2 became 3", "parameters.o.parameters.w was removed"],
        ),
        (
            {"x": {"distribution": "q_normal"}},
            {"x": {"distribution": "q_normal", "q": 2, "mu": 1}},
            ["parameters.x.mu: 0.0 became 1.0", "parameters.x.q: 1 became 2"],
        ),
    ],
)
def test_a_difference_is_told_by_its_place(
    before: dict[str, object],
    after: dict[str, object],
    lines: list[str],
) -> None:
    assert list(Space.from_parameters(before).differences(Space.from_parameters(after))) == lines


parameters = st.one_of(
    st.builds(lambda value: {"value": value}, st.sampled_from([0, 1, True, 1.0, "1", None, [1], "y" * 99, "y" * 98])),
    st.builds(lambda values: {"values": values}, st.lists(st.sampled_from([0, 1, True, "1"]), min_size=1, max_size=3)),
    st.builds(
        lambda name, high: {"distribution": name, "min": 1, "max": high},
        st.sampled_from(["uniform", "int_uniform", "log_uniform_values", "inv_log_uniform_values", "q_uniform"]),
        st.sampled_from([2, 3]),
    ),
    st.builds(
        lambda name, q: {"distribution": name, "q": q},
        st.sampled_from(["q_normal", "q_log_normal", "q_beta"]),
        st.sampled_from([1, 1.0, 2]),
    ),
)
trees = st.dictionaries(
    st.sampled_from(["a", "b", "a.b"]),
    parameters | st.builds(lambda inner: {"parameters": {"b": inner}}, parameters),
    min_size=1,
)


@given(trees, trees)
def test_there_is_a_difference_exactly_where_the_digests_differ(one: Parameter, other: Parameter) -> None:
    before, after = Space.from_parameters(one), Space.from_parameters(other)
    lines = before.differences(after)
    assert (
        bool(lines)
        == (before.digest() != after.digest())
        == (before.to_parameters() != after.to_parameters() or bool(lines))
    )
    assert all("\n" not in line for line in lines)


@pytest.mark.parametrize(
    "spellings",
    [
        [
            {"distribution": "log_uniform_values", "min": 2, "max": 8},
            {"distribution": "inv_log_uniform_values", "min": 2.0, "max": "8"},
        ],
        [
            {"distribution": "log_uniform", "min": -3, "max": 2},
            {"distribution": "inv_log_uniform", "min": -2, "max": 3},
        ],
        [
            {"distribution": "q_uniform", "min": 0, "max": 8},
            {"distribution": "q_uniform", "min": 0.0, "max": 8, "q": 1},
        ],
        [{"distribution": "normal"}, {"distribution": "normal", "mu": "0", "sigma": "1e0"}],
        [{"distribution": "q_beta"}, {"distribution": "q_beta", "a": 1, "b": 1.0, "q": 1}],
    ],
)
def test_spaces_that_draw_the_same_have_one_digest(spellings: list[Parameter]) -> None:
    assert len({Space.from_parameters({"x": spelling}).digest() for spelling in spellings}) == 1


@pytest.mark.parametrize(
    ("parameter", "warning"),
    [
        ({"value": 1}, None),
        ({"min": 0, "max": 1}, None),
        ({"min": 0.0, "max": 1.0}, None),
        ({"min": 0, "max": 0.5}, None),
        ({"distribution": "uniform", "min": 0, "max": 1.0}, None),
        (
            {"min": 0, "max": 10.0},
            (
                "draws any number, since one bound is written with a point: "
                "for whole numbers write min 0 and max 10, else say so by distribution: uniform"
            ),
        ),
        (
            {"distribution": "log_uniform", "min": 0, "max": 2},
            (
                "log_uniform takes exponents and is deprecated: it draws from 1 to 7.38906; "
                "write log_uniform_values with min 1 and max 7.38906, or with your own if they were not exponents"
            ),
        ),
        (
            {"distribution": "q_log_uniform", "min": 0, "max": 2},
            (
                "q_log_uniform takes exponents and is deprecated: it draws from 1 to 7.38906; "
                "write q_log_uniform_values with min 1 and max 7.38906, or with your own if they were not exponents"
            ),
        ),
        (
            {"distribution": "inv_log_uniform", "min": 0, "max": 2},
            (
                "inv_log_uniform takes exponents and is deprecated: it draws from 0.135335 to 1; "
                "write inv_log_uniform_values with min 0.135335 and max 1, or with your own if they were not exponents"
            ),
        ),
        ({"distribution": "inv_log_uniform_values", "min": 1, "max": 2}, None),
        ({"distribution": "q_uniform", "min": 0, "max": 9, "q": 3}, None),
        (
            {"distribution": "q_uniform", "min": 0, "max": 8, "q": 3},
            "draws multiples of q from 0 to 9, beyond min 0 or max 8",
        ),
        (
            {"distribution": "q_uniform", "min": 1, "max": 2, "q": 100},
            "always draws 0: no other multiple of q 100 is near",
        ),
        (
            {"distribution": "q_normal", "sigma": 1, "q": 100},
            "always draws 0: no other multiple of q 100 is near",
        ),
        (
            {"distribution": "q_log_uniform_values", "min": 0.1, "max": 9, "q": 1},
            "may draw 0, which lies below min: q 1 is more than min allows",
        ),
        ({"distribution": "q_log_uniform_values", "min": 1, "max": 9, "q": 1}, None),
        (
            {"values": [1, 2, 1]},
            "lists a value more than once: it is drawn as many times as often, and grid search visits it once",
        ),
        ({"values": [1, True, 1.0]}, None),
    ],
)
def test_what_is_probably_not_meant_is_said(parameter: Parameter, warning: str | None) -> None:
    found = Space.from_parameters({"x": parameter}).warnings()
    assert found == (() if warning is None else (("parameters.x", warning),))


def test_a_warning_has_the_place_in_the_file() -> None:
    space = Space.from_parameters({"a": {"value": 1}, "o": {"parameters": {"x": {"values": [1, 1]}}}})
    assert [place for place, _ in space.warnings()] == ["parameters.o.parameters.x"]
