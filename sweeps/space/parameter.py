"""One parameter of a sweep, in W&B's format, to its distribution.

The rules:

- `distribution` names the distribution. Without it `value` means constant, `values` categorical, with weights where
  `probabilities` stand beside them, and `min` with `max` int_uniform where both are whole numbers as written, else
  uniform.
- A distribution has its own keys and takes no other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NoReturn

from ..errors import InvalidSweep
from .faults import kind, nearest, refuse_unknown, shown
from .forms import AROUND, BOUNDS, FORMS, SHAPE, Keys
from .interface import Distribution
from .values import plain_number

_KNOWN_KEYS = ("value", "values", "probabilities", *BOUNDS, "q", *AROUND, *SHAPE, "distribution", "parameters")
# What is meant by keys that stand without a distribution, where they can mean one thing.
_UNNAMED = {"mu": "normal", "sigma": "normal", "a": "beta", "b": "beta"}


def parse(parameter: object) -> Distribution:
    """Read one parameter; raises InvalidSweep with a place relative to it."""
    keys = _keys(parameter)
    name = _distribution(keys)
    form = FORMS[name]
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
    return _named(keys["distribution"]) if "distribution" in keys else _inferred(keys)


def _named(name: object) -> str:
    if isinstance(name, str) and name in FORMS:
        return name
    if isinstance(name, str):
        problem = f"unknown distribution {shown(name)}; {nearest(name, FORMS)}"
    else:
        problem = f"must be the name of a distribution, not {kind(name)}; known are {', '.join(FORMS)}"
    raise InvalidSweep(problem, where="distribution")


def _inferred(keys: Keys) -> str:
    found = [key for key in ("value", "values", "min", "max") if key in keys]
    if not found:
        _refuse_unnamed(keys)
    if found[0] in ("value", "values"):
        return _listed(found, keys)
    if "q" in keys:
        problem = "q needs a distribution beside it; write distribution: q_uniform"
        raise InvalidSweep(problem, where="q")
    bounds = [plain_number(keys.get(key, 0)) for key in ("min", "max")]
    return "int_uniform" if all(isinstance(bound, int) for bound in bounds) else "uniform"


def _refuse_unnamed(keys: Keys) -> NoReturn:
    refuse_unknown(keys, _KNOWN_KEYS)
    name = next((name for key, name in _UNNAMED.items() if key in keys), None)
    if name is not None:
        problem = f"does not say what is drawn; write distribution: {name}"
    else:
        problem = "says nothing to draw from; write value, values, or min and max"
    raise InvalidSweep(problem)


def _listed(found: Sequence[str], keys: Keys) -> str:
    if len(found) > 1:
        problem = f"{found[0]} and {found[1]} cannot stand together; keep one"
        raise InvalidSweep(problem, where=found[1])
    if found[0] == "value":
        return "constant"
    return "categorical_w_probabilities" if "probabilities" in keys else "categorical"
