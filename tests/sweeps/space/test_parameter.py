from __future__ import annotations

import datetime as dt
import enum
import math
from collections import deque
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from sweeps.errors import InvalidSweep
from sweeps.space import (
    Categorical,
    Constant,
    Distribution,
    IntUniform,
    LogUniformValues,
    QUniform,
    Space,
    Uniform,
)


def parsed(parameter: Mapping[str, object]) -> Distribution:
    return Space.from_parameters({"lr": parameter})["lr"]


def problem_of(parameters: object) -> str:
    with pytest.raises(InvalidSweep) as raised:
        Space.from_parameters(parameters)  # type: ignore[arg-type] # what people pass
    message = str(raised.value)
    assert "\n" not in message
    return message


@pytest.mark.parametrize(
    ("parameter", "distribution"),
    [
        ({"value": 3}, Constant(3)),
        ({"value": None}, Constant(None)),
        ({"value": {"a": [1, 2]}}, Constant({"a": [1, 2]})),
        ({"distribution": "constant", "value": "x"}, Constant("x")),
        ({"values": [1, "a", None]}, Categorical((1, "a", None))),
        ({"values": (1, 2)}, Categorical((1, 2))),
        ({"values": range(3)}, Categorical((0, 1, 2))),
        ({"values": [(1, 2), (3,)]}, Categorical(([1, 2], [3]))),
        ({"distribution": "categorical", "values": [1]}, Categorical((1,))),
        ({"min": 0, "max": 10}, IntUniform(0, 10)),
        ({"min": "0", "max": "10"}, IntUniform(0, 10)),
        ({"min": 0, "max": 10.0}, Uniform(0, 10)),
        ({"min": 0.0, "max": 10}, Uniform(0, 10)),
        ({"min": "1e-5", "max": 1}, Uniform(1e-5, 1)),
        ({"distribution": "uniform", "min": 0, "max": 1}, Uniform(0, 1)),
        ({"distribution": "int_uniform", "min": 1.0, "max": "1e3"}, IntUniform(1, 1000)),
        ({"distribution": "log_uniform_values", "min": "1e-5", "max": "1E-1"}, LogUniformValues(1e-5, 0.1)),
        ({"distribution": "q_uniform", "min": 0, "max": 8}, QUniform(0, 8, 1)),
        ({"distribution": "q_uniform", "min": 0, "max": 8, "q": "2"}, QUniform(0, 8, 2)),
    ],
)
def test_forms(parameter: Mapping[str, object], distribution: Distribution) -> None:
    assert parsed(parameter) == distribution


@pytest.mark.parametrize(
    ("parameter", "distribution"),
    [
        ({"value": np.float32(0.5)}, Constant(0.5)),
        ({"values": np.array([1, 2])}, Categorical((1, 2))),
        ({"values": [np.int64(1), np.bool_(True)]}, Categorical((1, True))),  # noqa: FBT003 - a value
        ({"min": np.int64(0), "max": np.int32(3)}, IntUniform(0, 3)),
        ({"min": np.float64(0), "max": np.int32(3)}, Uniform(0, 3)),
    ],
)
def test_numbers_of_numpy_are_numbers(parameter: Mapping[str, object], distribution: Distribution) -> None:
    found = parsed(parameter)
    assert found == distribution
    assert repr(found).replace(".0", "") == repr(distribution).replace(".0", "")


@pytest.mark.parametrize("text", ["1e-5", "1E-5", "+1e-5", "1.e-5", ".1e-4", "0.1e-4", " 1e-5 "])
def test_exponents_that_yaml_leaves_as_text_are_numbers(text: str) -> None:
    assert parsed({"min": text, "max": 1}) == Uniform(1e-5, 1)
    assert parsed({"values": [text.strip(), 1]}) == Categorical((1e-5, 1))
    assert parsed({"value": text.strip()}) == Constant(1e-5)


@pytest.mark.parametrize("text", ["32", "0.1", "007", "1e", "e5", "nan", "adam", "1e5x", ""])
def test_other_text_among_values_stays_text(text: str) -> None:
    assert parsed({"values": [text]}) == Categorical((text,))


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({}, "parameters: names no parameter; write at least one, such as lr: {min: 0.001, max: 0.1}"),
        (None, "parameters: must be a mapping such as {lr: {min: 0.001, max: 0.1}}, not nothing"),
        ([1], "parameters: must be a mapping such as {lr: {min: 0.001, max: 0.1}}, not a list"),
        ({3: {"value": 1}}, "parameters: the name 3 is not text; put it in quotes"),
        (
            {"a b": {"value": 1}},
            "parameters.a b: the name 'a b' must begin with a letter or _ and hold only letters, digits and _ . -",
        ),
        (
            {"lr\n": {"value": 1}},
            r"parameters: the name 'lr\n' must begin with a letter or _ and hold only letters, digits and _ . -",
        ),
        (
            {"1st": {"value": 1}},
            "parameters.1st: the name '1st' must begin with a letter or _ and hold only letters, digits and _ . -",
        ),
    ],
)
def test_faults_of_names(parameters: object, message: str) -> None:
    assert problem_of(parameters) == message


KNOWN = (
    "constant, categorical, categorical_w_probabilities, int_uniform, uniform, q_uniform, log_uniform_values, "
    "q_log_uniform_values, inv_log_uniform_values, log_uniform, q_log_uniform, inv_log_uniform, normal, q_normal, "
    "log_normal, q_log_normal, beta, q_beta"
)
KEYS = "value, values, probabilities, min, max, q, mu, sigma, a, b, distribution, parameters"
LOG = {"distribution": "log_uniform_values"}
Q = {"distribution": "q_uniform", "min": 0, "max": 1}
BARE = ": a bare value does not say what it is; write {value: 3}"
REMEDY = "write a number, text, true, false, null, a list or a mapping"


@pytest.mark.parametrize(
    ("parameter", "message"),
    [
        (3, ": a bare value does not say what it is; write {value: 3}"),
        ("adam", ": a bare value does not say what it is; write {value: 'adam'}"),
        (True, ": a bare value does not say what it is; write {value: true}"),
        ([1, 2], ": a bare list does not say what it is; write {values: [1, 2]}"),
        (None, ": is empty; write value, values, or min and max"),
        ({}, ": says nothing to draw from; write value, values, or min and max"),
        ({"mn": 1, "mx": 2}, ".mn: unknown key 'mn'; did you mean 'min'?"),
        ({"zzz": 1}, f".zzz: unknown key 'zzz'; known are {KEYS}"),
        ({"a\nb": 1}, rf": unknown key 'a\nb'; known are {KEYS}"),
        ({1: 1}, f".1: unknown key 1; known are {KEYS}"),
        ({"q": 1}, ": says nothing to draw from; write value, values, or min and max"),
        ({"min": 0, "max": 1, "mean": 3}, ".mean: unknown key 'mean'; known are distribution, min, max"),
        ({"value": 1, "values": [1]}, ".values: value and values cannot stand together; keep one"),
        ({"values": [1], "min": 1}, ".min: values and min cannot stand together; keep one"),
        ({"min": 0}, ": int_uniform needs max; write min and max"),
        ({"max": 0.5}, ": uniform needs min; write min and max"),
        ({"distribution": "uniform"}, ": uniform needs min and max; write min and max"),
        ({"distribution": "categorical"}, ": categorical needs values; write values"),
        ({"distribution": "uniforn"}, ".distribution: unknown distribution 'uniforn'; did you mean 'uniform'?"),
        ({"distribution": "xyz"}, f".distribution: unknown distribution 'xyz'; known are {KNOWN}"),
        ({"distribution": 3}, f".distribution: must be the name of a distribution, not a number; known are {KNOWN}"),
        ({"mu": 1, "sigma": 2}, ": does not say what is drawn; write distribution: normal"),
        ({"b": 3}, ": does not say what is drawn; write distribution: beta"),
        ({"min": 1, "max": 2, "q": 1}, ".q: q needs a distribution beside it; write distribution: q_uniform"),
        ({"distribution": "normal", "sd": 1}, ".sd: unknown key 'sd'; known are distribution, mu, sigma"),
        ({"distribution": "normal", "min": 1}, ".min: unknown key 'min'; known are distribution, mu, sigma"),
        ({"distribution": "normal", "mu": "x"}, ".mu: must be a number, not 'x'"),
        (
            {"distribution": "normal", "sigma": 0},
            ".sigma: must be above 0, not 0; for one fixed value write {value: …}",
        ),
        (
            {"distribution": "q_log_normal", "sigma": -1},
            ".sigma: must be above 0, not -1; for one fixed value write {value: …}",
        ),
        (
            {"distribution": "normal", "mu": 1e308, "sigma": 1e308},
            ".sigma: 1e+308 around 1e+308 goes beyond the largest number; make it smaller",
        ),
        (
            {"distribution": "log_normal", "mu": 800},
            (
                ".mu: e to the power of 800 ± 7 * 1 is more or less than a number can be; "
                "bring mu nearer to 0 or make sigma smaller"
            ),
        ),
        ({"distribution": "beta", "a": 0}, ".a: must lie within 0.001 to 1000000, not 0"),
        ({"distribution": "q_beta", "b": 1e7}, ".b: must lie within 0.001 to 1000000, not 10000000.0"),
        ({"distribution": "q_beta", "q": 0}, ".q: must be above 0, not 0; it is the step between values"),
        (
            {"distribution": "q_normal", "q": 1e-20},
            ".q: 1e-20 is too fine a step for -7.03448 to 7.03449; widen it",
        ),
        (
            {"distribution": "log_uniform", "min": 0, "max": 1000},
            (
                ".max: e to the power of 1000 is more or less than a number can be; min and max are exponents, "
                "for values write log_uniform_values"
            ),
        ),
        (
            {"distribution": "inv_log_uniform", "min": -1000, "max": 0},
            (
                ".min: e to the power of 1000 is more or less than a number can be; min and max are exponents, "
                "for values write log_uniform_values"
            ),
        ),
        ({"distribution": "q_log_uniform", "min": 3, "max": 1}, ".min: min 3 must be below max 1; swap them"),
        (
            {"distribution": "inv_log_uniform_values", "min": 0, "max": 1},
            ".min: must be above 0 for inv_log_uniform_values, not 0; raise it or use uniform",
        ),
        (
            {"distribution": "categorical_w_probabilities", "values": [1]},
            ": categorical_w_probabilities needs probabilities; write values and probabilities",
        ),
        ({"values": [1, 2], "probabilities": [1]}, ".probabilities: there are 1 for 2 values; write one for each"),
        ({"values": [1, 2], "probabilities": [0.5, 0.6]}, ".probabilities: come to 1.1; they must come to 1"),
        ({"values": [1, 2], "probabilities": [-0.5, 1.5]}, ".probabilities[0]: must be at least 0, not -0.5"),
        ({"values": [1, 2], "probabilities": [0.5, "x"]}, ".probabilities[1]: must be a number, not 'x'"),
        (
            {"values": [1], "probabilities": 1},
            ".probabilities: must be a list, not a number; for one fixed value write {value: …}",
        ),
        ({"values": [], "probabilities": []}, ".values: is empty; list at least one value"),
        (
            {"distribution": "categorical", "values": [1], "probabilities": [1]},
            ".probabilities: unknown key 'probabilities'; known are distribution, values",
        ),
        ({"parameters": {}}, ".parameters: names no parameter; write at least one, such as lr: {min: 0.001, max: 0.1}"),
        (
            {"parameters": [1]},
            ".parameters: must be a mapping such as {lr: {min: 0.001, max: 0.1}}, not a list",
        ),
        (
            {"parameters": {"x": {"value": 1}}, "value": 3},
            ".value: 'value' and 'parameters' cannot stand together; keep one",
        ),
        ({"parameters": {"x": {"parameters": {"y": 3}}}}, ".parameters.x.parameters.y" + BARE),
        ({"parameters": {"x": {"min": 2, "max": 1}}}, ".parameters.x.min: min 2 must be below max 1; swap them"),
        ({"values": []}, ".values: is empty; list at least one value"),
        ({"values": np.array([])}, ".values: is empty; list at least one value"),
        ({"values": 3}, ".values: must be a list, not a number; for one fixed value write {value: …}"),
        ({"values": "abc"}, ".values: must be a list, not text; for one fixed value write {value: …}"),
        ({"values": None}, ".values: must be a list, not nothing; for one fixed value write {value: …}"),
        ({"values": {"a": 1}}, ".values: must be a list, not a mapping; for one fixed value write {value: …}"),
        ({"values": [1, {2}]}, f".values[1]: {{2}} is a set; {REMEDY}"),
        ({"values": [dt.date(2026, 1, 2)]}, f".values[0]: datetime.date(2026, 1, 2) is a date; {REMEDY}"),
        ({"value": b"x"}, f".value: b'x' is a bytes; {REMEDY}"),
        ({"value": {"a": {3: 1}}}, ".value.a: the key 3 is not text; put it in quotes"),
        ({"values": [[1, math.nan]]}, ".values[0][1]: nan has no JSON form; write a finite number or text"),
        ({"values": [math.inf]}, ".values[0]: inf has no JSON form; write a finite number or text"),
        ({"value": "1e400"}, ".value: inf has no JSON form; write a finite number or text"),
        ({"value": 2**63}, ".value: 9223372036854775808 does not fit in 64 bits; write it as text"),
        ({"value": 10**5000}, ".value: a number that is too long to show does not fit in 64 bits; write it as text"),
        ({"value": "a\0b"}, ".value: 'a\\x00b' holds a character that cannot be written; remove it"),
        ({"values": [{"\ud800": 1}]}, ".values[0]: '\\ud800' holds a character that cannot be written; remove it"),
        (
            {"distribution": "uniform", "min": -(10**308), "max": 10**308},
            f".max: max {10**308} is too far from min {-(10**308)}; narrow the range",
        ),
        ({"min": 5, "max": 1}, ".min: min 5 must be below max 1; swap them"),
        ({"min": 1, "max": 1}, ".min: min 1 must be below max 1; for one fixed value write {value: 1}"),
        ({"min": math.nan, "max": 1}, ".min: must be a finite number, not nan"),
        ({"min": 0, "max": math.inf}, ".max: must be a finite number, not inf"),
        ({"min": 0.0, "max": "1e999"}, ".max: must be a finite number, not inf"),
        ({"min": 0, "max": True}, ".max: must be a number, not true or false"),
        ({"min": 0, "max": "ten"}, ".max: must be a number, not 'ten'"),
        ({"min": None, "max": 1}, ".min: must be a number, not nothing"),
        ({"min": [0], "max": 1}, ".min: must be a number, not a list"),
        ({"min": 0, "max": 2**60}, ".max: must lie within ±2**53, not 1152921504606846976"),
        ({"min": -1e308, "max": 1e308}, ".max: max 1e+308 is too far from min -1e+308; narrow the range"),
        ({"distribution": "int_uniform", "min": 0.5, "max": 3}, ".min: must be a whole number, not 0.5"),
        (
            LOG | {"min": 0, "max": 1},
            ".min: must be above 0 for log_uniform_values, not 0; raise it or use uniform",
        ),
        (LOG | {"min": 2, "max": 1}, ".min: min 2 must be below max 1; swap them"),
        (Q | {"q": 0}, ".q: must be above 0, not 0; it is the step between values"),
        (Q | {"q": -0.5}, ".q: must be above 0, not -0.5; it is the step between values"),
        (Q | {"q": "fine"}, ".q: must be a number, not 'fine'"),
        (Q | {"q": 1e-300}, ".q: 1e-300 is too fine a step for 0 to 1; widen it"),
    ],
)
def test_faults_of_a_parameter(parameter: object, message: str) -> None:
    assert problem_of({"ok": {"value": 1}, "lr": parameter}) == f"parameters.lr{message}"


def test_a_whole_number_too_long_for_python_to_read_is_only_too_large() -> None:
    assert problem_of({"lr": {"min": "9" * 5000, "max": 1.0}}) == "parameters.lr.min: must be a finite number, not inf"
    assert "must be a finite number" in problem_of({"lr": {"min": 10**400, "max": 1.0}})


def test_a_value_inside_itself_is_refused() -> None:
    endless: list[object] = []
    endless.append(endless)
    assert problem_of({"lr": {"value": endless}}).endswith("is nested more than 32 deep; write flatter values")


def test_a_long_value_is_shortened_in_a_message() -> None:
    message = problem_of({"lr": {"value": {Path("x" * 200)}}})
    assert "…" in message
    assert len(message) < 200


def test_text_of_an_enum_is_the_text() -> None:
    class Old(str, enum.Enum):  # noqa: UP042 - the kind whose str() is its name
        ADAM = "adam"

    distribution = parsed({"values": [Old.ADAM, np.str_("sgd")]})
    assert [(type(value), value) for value in distribution.grid()] == [(str, "adam"), (str, "sgd")]


def test_a_deep_value_is_shown_from_above() -> None:
    deep: list[object] = []
    for _ in range(900):
        deep = [deep]
    message = problem_of({"lr": deep})
    assert message.startswith("parameters.lr: a bare list does not say what it is; write {values: [[[[[[[...]]]]]]]}")


def test_other_sequences_are_lists() -> None:
    assert parsed({"values": deque([1, 2])}) == Categorical((1, 2))


def test_values_are_taken_as_they_were() -> None:
    values = [[1], [2]]
    distribution = parsed({"values": values})
    values[0].append(9)
    assert distribution == Categorical(([1], [2]))
