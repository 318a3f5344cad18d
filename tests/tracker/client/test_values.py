"""What users hand in becomes what is kept, to the last bit, or is refused with a line that names it."""

from __future__ import annotations

import datetime as dt
import enum
import math
from collections import ChainMap, OrderedDict, UserDict
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.client.values import keys_of, model_name_of, name_of, numbers_of, params_of, step_of, tags_of
from tracker.errors import InvalidInput, InvalidMetric


class Tensor:
    """A tensor as PyTorch has them: it has a length, even where it is a single number without dimensions."""

    def __init__(self, *values: float, ndim: int = 0) -> None:
        self._values = values
        self.ndim = ndim

    def __len__(self) -> int:
        if not self.ndim:
            raise TypeError("len() of a 0-d tensor")
        return len(self._values)

    def __float__(self) -> float:
        if len(self._values) != 1:
            raise RuntimeError("a Tensor with several elements cannot be converted to Scalar")
        return float(self._values[0])

    def item(self) -> float:
        return float(self)

    def size(self) -> int:
        return len(self._values)


class Colour(str, enum.Enum):  # noqa: UP042  # as programs of before Python 3.11 write it
    RED = "red"


class Halves(float):
    """A number of a user's own kind."""


def metrics_of(metrics: Mapping[str, object]) -> dict[str, float]:
    return dict(zip(keys_of(metrics), numbers_of(metrics), strict=True))


def value_of(value: object) -> float:
    return metrics_of({"a": value})["a"]


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (True, 1.0),
        (False, 0.0),
        (3, 3.0),
        (2**53 + 1, float(2**53 + 1)),
        (-(10**300), -1e300),
        (np.float32(0.1), float(np.float32(0.1))),
        (np.float16(0.5), 0.5),
        (np.longdouble(0.5), 0.5),
        (np.int8(-3), -3.0),
        (np.uint64(2**64 - 1), float(2**64)),
        (np.bool_(1), 1.0),
        (np.array(0.25), 0.25),
        (np.array(7), 7.0),
        (Decimal("0.1"), 0.1),
        (Fraction(1, 3), 1 / 3),
        (Halves(0.5), 0.5),
        (Tensor(0.75), 0.75),
        (math.inf, math.inf),
        (np.float32("-inf"), -math.inf),
    ],
)
def test_a_number_of_any_kind_becomes_a_float(value: object, wanted: float) -> None:
    assert value_of(value) == wanted
    assert type(value_of(value)) is float


@given(st.floats())
def test_a_float_stays_as_it_is(value: float) -> None:
    found = value_of(value)
    assert found is value or np.float64(found).tobytes() == np.float64(value).tobytes()


@pytest.mark.parametrize("value", [math.nan, np.float32("nan"), np.array(np.nan), Decimal("NaN")])
def test_nan_is_a_value(value: object) -> None:
    assert math.isnan(value_of(value))


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("0.3", "text"),
        (b"0.3", "text"),
        (np.str_("0.3"), "text"),
        (np.array("0.3"), "not a real number"),
        ([0.3], "not one number"),
        ([], "not one number"),
        ((1, 2), "not one number"),
        ({"a": 1}, "not one number"),
        (np.array([1.0, 2.0]), "not one number"),
        (np.array([[1.0]]), "not one number"),
        (Tensor(1.0, 2.0, ndim=1), "not one number"),
        (None, "not a number"),
        (object(), "not a number"),
        (1 + 2j, "not a number"),
        (np.complex64(1 + 2j), "not a real number"),
        (np.array(1j), "not a real number"),
        (np.datetime64("2026-01-01"), "not a number"),
        (dt.datetime(2026, 1, 1, tzinfo=dt.UTC), "not a number"),
        (Decimal("sNaN"), "not a number"),
        (10**400, "beyond the range"),
    ],
)
def test_what_is_no_number_is_refused_by_the_metrics_name(value: object, problem: str) -> None:
    with pytest.raises(InvalidMetric, match=problem) as caught:
        metrics_of({"fine": 1.0, "bad one": value})
    assert caught.value.key == "bad one"
    assert "'bad one'" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("metrics", [None, 0.3, "loss", [("loss", 0.3)], {"loss"}])
def test_metrics_are_a_mapping(metrics: object) -> None:
    with pytest.raises(InvalidMetric, match="mapping"):
        metrics_of(metrics)  # type: ignore[arg-type] # what users do


@pytest.mark.parametrize("key", ["", " ", "a" * 251, "a\nb", "a\0b", "\ud800", 3, None, b"loss", ("a",)])
def test_a_metrics_name_that_cannot_be_kept_is_refused(key: str) -> None:
    for value in (1.0, 1):
        with pytest.raises(InvalidMetric):
            metrics_of({key: value})


@pytest.mark.parametrize("kind", [dict, OrderedDict, UserDict, MappingProxyType, ChainMap])
def test_any_mapping_will_do(kind: type[Mapping[str, object]]) -> None:
    found = metrics_of(kind({"a": 1.0, "b": 2.0}))  # type: ignore[call-arg] # each is made of a dict
    assert orjson.dumps(found) == b'{"a":1.0,"b":2.0}'


@pytest.mark.parametrize("key", [np.str_("red"), Colour.RED])
def test_a_text_of_any_kind_is_a_name(key: str) -> None:
    assert orjson.dumps(metrics_of({key: 1.0})) == b'{"red":1.0}'
    assert orjson.dumps(params_of({key: 1})) == b'{"red":1}'
    assert orjson.dumps(tags_of({key: 1})) == b'{"red":"1"}'
    assert type(name_of(key, "run")) is type(model_name_of(key)) is str


@pytest.mark.parametrize(
    ("step", "wanted"), [(0, 0), (-1, -1), (2**63 - 1, 2**63 - 1), (-(2**63), -(2**63)), (np.int32(7), 7), (True, 1)]
)
def test_a_step_is_a_whole_number_of_64_bits(step: int, wanted: int) -> None:
    assert step_of(step) == wanted
    assert type(step_of(step)) is int


@pytest.mark.parametrize(
    "step", [2**63, -(2**63) - 1, pytest.param(10**5000, id="huge"), 1.0, 1.5, "1", None, math.nan]
)
def test_a_step_that_cannot_be_kept_is_refused(step: int) -> None:
    with pytest.raises(InvalidMetric, match="step"):
        step_of(step)


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (None, None),
        (True, True),
        (3, 3),
        (0.1, 0.1),
        ("adam", "adam"),
        ("", ""),
        ([1, "a", None], [1, "a", None]),
        ((1, (2, 3)), [1, [2, 3]]),
        ({"a": {1: 2}}, {"a": {"1": 2}}),
        (np.float32(0.5), 0.5),
        (np.int64(3), 3),
        (np.bool_(1), True),
        (np.str_("x"), "x"),
        (np.array(2), 2),
        (Tensor(0.5), 0.5),
        (Halves(0.5), 0.5),
        (Colour.RED, "red"),
        (math.nan, "nan"),
        (-math.inf, "-inf"),
        (2**63, str(2**63)),
        (Path("a/b"), "a/b"),
        (Decimal("0.10"), "0.10"),
        ({1}, "{1}"),
        (int, "<class 'int'>"),
    ],
)
def test_a_param_is_kept_as_json_has_it_and_else_as_its_text(value: object, wanted: object) -> None:
    found = params_of({"p": value})["p"]
    assert found == wanted
    assert type(found) is type(wanted)
    assert orjson.loads(orjson.dumps(found)) == wanted


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.decimals()
trees = st.recursive(
    scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.integers(), inner), max_leaves=8
)


@given(st.dictionaries(st.text(min_size=1, max_size=300), trees, max_size=3))
def test_any_params_are_kept_or_refused(params: dict[str, object]) -> None:
    try:
        found = params_of(params)
    except InvalidInput:
        return
    assert orjson.loads(orjson.dumps(found)) == found


@pytest.mark.parametrize("text", ["a\0b", "\ud800"])
def test_texts_that_no_store_can_keep_are_refused(text: str) -> None:
    for make in (params_of, tags_of):
        with pytest.raises(InvalidInput, match="cannot be kept"):
            make({"a": text})
    for nested in ([text], {"b": text}, {text: 1}):
        with pytest.raises(InvalidInput, match="cannot be kept"):
            params_of({"a": nested})


@pytest.mark.parametrize("name", ["a/b", "a:b", "a.b", "a%b", 'a"b', "a'b", "", "\n"])
def test_a_checkpoints_name_must_fit_into_its_uri(name: str) -> None:
    with pytest.raises(InvalidInput, match="checkpoint name"):
        model_name_of(name)


@pytest.mark.parametrize("name", ["Grüße 🎉", "a/b.c", "x" * 250])
def test_names_are_kept_as_they_are(name: str) -> None:
    assert name_of(name, "run") == name
