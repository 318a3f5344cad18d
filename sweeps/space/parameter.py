"""One parameter of a sweep, in W&B's format, to its distribution.

The rules:

- `distribution` names the distribution. Without it `value` means constant, `values` categorical, and `min` with
  `max` int_uniform where both are whole numbers as written, else uniform.
- A distribution has its own keys and takes no other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ..errors import InvalidSweep
from .categorical import Categorical
from .constant import Constant
from .faults import kind, nearest, refuse_unknown, shown, within
from .int_uniform import IntUniform
from .interface import Distribution
from .log_uniform_values import LogUniformValues
from .q_uniform import QUniform
from .uniform import Uniform
from .values import choice, number, plain_number, unwrapped, whole

Keys = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class _Form:
    needed: tuple[str, ...]
    build: Callable[[Keys], Distribution]
    optional: tuple[str, ...] = ()


def parse(parameter: object) -> Distribution:
    """Read one parameter; raises InvalidSweep with a place relative to it."""
    keys = _keys(parameter)
    name = _distribution(keys)
    form = _FORMS[name]
    refuse_unknown(keys, ("distribution", *form.needed, *form.optional))
    missing = [key for key in form.needed if key not in keys]
    if missing:
        problem = f"{name} needs {' and '.join(missing)}; write {' and '.join(form.needed)}"
        raise InvalidSweep(problem)
    return form.build(keys)


def _keys(parameter: object) -> Keys:
    if isinstance(parameter, Mapping):
        return parameter
    if parameter is None:
        problem = "is empty; write value, values, or min and max"
    elif isinstance(parameter, list | tuple):
        problem = f"a bare list does not say what it is; write {{values: {shown(list(parameter))}}}"
    else:
        problem = f"a bare value does not say what it is; write {{value: {shown(parameter)}}}"
    raise InvalidSweep(problem)


def _distribution(keys: Keys) -> str:
    if "distribution" in keys:
        return _named(keys["distribution"])
    if "parameters" in keys:
        problem = "nested parameters are not supported yet; write flat names such as 'optimizer.lr'"
        raise InvalidSweep(problem, where="parameters")
    return _inferred(keys)


def _named(name: object) -> str:
    if isinstance(name, str) and name in _FORMS:
        return name
    if isinstance(name, str) and name in _NOT_YET:
        problem = f"{name!r} is not supported yet; supported are {', '.join(_FORMS)}"
    elif isinstance(name, str):
        problem = f"unknown distribution {shown(name)}; {nearest(name, _FORMS)}"
    else:
        problem = f"must be the name of a distribution, not {kind(name)}; known are {', '.join(_FORMS)}"
    raise InvalidSweep(problem, where="distribution")


def _inferred(keys: Keys) -> str:
    if "probabilities" in keys:
        problem = "probabilities are not supported yet; remove them, or repeat a value to make it likelier"
        raise InvalidSweep(problem, where="probabilities")
    found = [key for key in ("value", "values", "min", "max") if key in keys]
    if not found:
        refuse_unknown(keys, _KNOWN_KEYS)
        problem = "says nothing to draw from; write value, values, or min and max"
        raise InvalidSweep(problem)
    if found[0] in ("value", "values"):
        return _listed(found)
    bounds = [plain_number(keys.get(key, 0)) for key in ("min", "max")]
    return "int_uniform" if all(isinstance(bound, int) for bound in bounds) else "uniform"


def _listed(found: Sequence[str]) -> str:
    if len(found) > 1:
        problem = f"{found[0]} and {found[1]} cannot stand together; keep one"
        raise InvalidSweep(problem, where=found[1])
    return "constant" if found[0] == "value" else "categorical"


def _constant(keys: Keys) -> Distribution:
    with within("value"):
        return Constant(choice(keys["value"]))


def _categorical(keys: Keys) -> Distribution:
    with within("values"):
        values = unwrapped(keys["values"])
        if isinstance(values, str | bytes) or not isinstance(values, Sequence):
            problem = f"must be a list, not {kind(values)}; for one fixed value write {{value: …}}"
            raise InvalidSweep(problem)
        choices = tuple(_choice(index, value) for index, value in enumerate(values))
    return Categorical(choices)


def _choice(index: int, value: object) -> object:
    with within(f"[{index}]"):
        return choice(value)


def _number(keys: Keys, key: str) -> int | float:
    with within(key):
        return number(keys[key])


def _whole(keys: Keys, key: str) -> int:
    with within(key):
        return whole(keys[key])


def _int_uniform(keys: Keys) -> Distribution:
    return IntUniform(_whole(keys, "min"), _whole(keys, "max"))


def _uniform(keys: Keys) -> Distribution:
    return Uniform(_number(keys, "min"), _number(keys, "max"))


def _log_uniform_values(keys: Keys) -> Distribution:
    return LogUniformValues(_number(keys, "min"), _number(keys, "max"))


def _q_uniform(keys: Keys) -> Distribution:
    return QUniform(_number(keys, "min"), _number(keys, "max"), _number({"q": 1, **keys}, "q"))


_FORMS: Mapping[str, _Form] = {
    "constant": _Form(("value",), _constant),
    "categorical": _Form(("values",), _categorical),
    "uniform": _Form(("min", "max"), _uniform),
    "int_uniform": _Form(("min", "max"), _int_uniform),
    "log_uniform_values": _Form(("min", "max"), _log_uniform_values),
    "q_uniform": _Form(("min", "max"), _q_uniform, optional=("q",)),
}
_KNOWN_KEYS = ("value", "values", "min", "max", "q", "distribution")
# W&B's other names: said to be missing here, so that nobody hunts for a spelling mistake.
_NOT_YET = frozenset(
    (
        "beta",
        "categorical_w_probabilities",
        "inv_log_uniform",
        "inv_log_uniform_values",
        "log_normal",
        "log_uniform",
        "normal",
        "q_beta",
        "q_log_normal",
        "q_log_uniform",
        "q_log_uniform_values",
        "q_normal",
    )
)
