"""What each of W&B's distributions is made of: its keys, and how they are read.

Distributions with the same draws are one: log_uniform and the inverse ones are read as log_uniform_values.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from ..errors import InvalidSweep
from .beta import Beta
from .bounds import check_bounds, positive
from .categorical import Categorical
from .categorical_w_probabilities import CategoricalWProbabilities
from .constant import Constant
from .faults import kind, within
from .int_uniform import IntUniform
from .interface import Distribution
from .log_uniform_values import LogUniformValues
from .normal import LogNormal, Normal
from .q_uniform import QUniform
from .rounded import Continuous, Rounded
from .uniform import Uniform
from .values import choice, number, unwrapped, whole

Keys = Mapping[str, object]
T = TypeVar("T")

BOUNDS, AROUND, SHAPE = ("min", "max"), ("mu", "sigma"), ("a", "b")
# e to the power of it, and of its negative, is a number of full precision.
_FARTHEST_EXPONENT = 708


@dataclass(frozen=True, slots=True)
class Form:
    """The keys that a distribution needs, those that it may have, and what it makes of them."""

    needed: tuple[str, ...]
    build: Callable[[Keys], Distribution]
    optional: tuple[str, ...] = ()


def _constant(keys: Keys) -> Distribution:
    with within("value"):
        return Constant(choice(keys["value"]))


def _categorical(keys: Keys) -> Distribution:
    return Categorical(_values(keys))


def _categorical_w_probabilities(keys: Keys) -> Distribution:
    return CategoricalWProbabilities(_values(keys), tuple(_items(keys, "probabilities", number)))


def _values(keys: Keys) -> tuple[object, ...]:
    return tuple(_items(keys, "values", choice))


def _items(keys: Keys, key: str, read: Callable[[object], T]) -> Sequence[T]:
    with within(key):
        items = unwrapped(keys[key])
        if isinstance(items, str | bytes) or not isinstance(items, Sequence):
            problem = f"must be a list, not {kind(items)}; for one fixed value write {{value: …}}"
            raise InvalidSweep(problem)
        return [_item(index, item, read) for index, item in enumerate(items)]


def _item(index: int, item: object, read: Callable[[object], T]) -> T:
    with within(f"[{index}]"):
        return read(item)


def _number(keys: Keys, key: str, default: float | None = None) -> int | float:
    with within(key):
        return number(keys[key] if default is None else keys.get(key, default))


def _whole(keys: Keys, key: str) -> int:
    with within(key):
        return whole(keys[key])


def _bounds(keys: Keys) -> tuple[int | float, int | float]:
    return _number(keys, "min"), _number(keys, "max")


def _int_uniform(keys: Keys) -> Distribution:
    return IntUniform(_whole(keys, "min"), _whole(keys, "max"))


def _uniform(keys: Keys) -> Distribution:
    return Uniform(*_bounds(keys))


def _log_uniform_values(keys: Keys) -> LogUniformValues:
    return LogUniformValues(*_bounds(keys))


def _named_log_uniform_values(name: str) -> Callable[[Keys], LogUniformValues]:
    """Return the builder of a distribution with the values of log_uniform_values, whose faults say its own name."""

    def build(keys: Keys) -> LogUniformValues:
        low, high = _bounds(keys)
        positive(low, name)
        return LogUniformValues(low, high)

    return build


def _log_uniform(keys: Keys) -> LogUniformValues:
    low, high = _exponents(keys)
    return LogUniformValues(_power("min", low), _power("max", high))


def _inv_log_uniform(keys: Keys) -> LogUniformValues:
    low, high = _exponents(keys)
    return LogUniformValues(_power("max", -high), _power("min", -low))


def _exponents(keys: Keys) -> tuple[int | float, int | float]:
    low, high = _bounds(keys)
    check_bounds(low, high)
    return low, high


def _power(key: str, exponent: float) -> float:
    if not abs(exponent) <= _FARTHEST_EXPONENT:
        problem = f"e to the power of {exponent} is more or less than a number can be; min and max are exponents"
        raise InvalidSweep(f"{problem}, for values write log_uniform_values", where=key)
    return math.exp(exponent)


def _q_uniform(keys: Keys) -> Distribution:
    return QUniform(*_bounds(keys), _number(keys, "q", 1))


def _normal(keys: Keys) -> Normal:
    return Normal(_number(keys, "mu", 0), _number(keys, "sigma", 1))


def _log_normal(keys: Keys) -> LogNormal:
    return LogNormal(_number(keys, "mu", 0), _number(keys, "sigma", 1))


def _beta(keys: Keys) -> Beta:
    return Beta(_number(keys, "a", 1), _number(keys, "b", 1))


def _rounded(build: Callable[[Keys], Continuous]) -> Callable[[Keys], Rounded]:
    return lambda keys: Rounded(build(keys), _number(keys, "q", 1))


FORMS: Mapping[str, Form] = {
    "constant": Form(("value",), _constant),
    "categorical": Form(("values",), _categorical),
    "categorical_w_probabilities": Form(("values", "probabilities"), _categorical_w_probabilities),
    "int_uniform": Form(BOUNDS, _int_uniform),
    "uniform": Form(BOUNDS, _uniform),
    "q_uniform": Form(BOUNDS, _q_uniform, ("q",)),
    "log_uniform_values": Form(BOUNDS, _log_uniform_values),
    "q_log_uniform_values": Form(BOUNDS, _rounded(_named_log_uniform_values("q_log_uniform_values")), ("q",)),
    "inv_log_uniform_values": Form(BOUNDS, _named_log_uniform_values("inv_log_uniform_values")),
    "log_uniform": Form(BOUNDS, _log_uniform),
    "q_log_uniform": Form(BOUNDS, _rounded(_log_uniform), ("q",)),
    "inv_log_uniform": Form(BOUNDS, _inv_log_uniform),
    "normal": Form((), _normal, AROUND),
    "q_normal": Form((), _rounded(_normal), (*AROUND, "q")),
    "log_normal": Form((), _log_normal, AROUND),
    "q_log_normal": Form((), _rounded(_log_normal), (*AROUND, "q")),
    "beta": Form((), _beta, SHAPE),
    "q_beta": Form((), _rounded(_beta), (*SHAPE, "q")),
}
