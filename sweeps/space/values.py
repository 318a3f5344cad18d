"""What may stand in a sweep: JSON values, and numbers in whatever form they arrive."""

from __future__ import annotations

import copy
import json
import math
import re
from collections.abc import Callable, Mapping, Sequence

from ..errors import InvalidSweep
from .faults import kind, shown, within

# Beyond this a whole number is not the float that carries it.
LARGEST = 2**53

_DEEPEST = 32
# Python refuses to read much longer ones, and they are far out of any range.
_LONGEST_INT = 300
_WHOLE = re.compile(r"[-+]?\d+", re.ASCII)
_DECIMAL = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?", re.ASCII)
# What PyYAML, which speaks YAML 1.1, leaves as text although it was meant as a number: 1e-5, 1.0e5.
_EXPONENT = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)[eE][-+]?\d+", re.ASCII)


def plain(value: object) -> object:
    """Return a value in JSON's own types: numpy's and torch's numbers and arrays unwrapped, tuples as lists."""
    return _plain(value, 0)


def _plain(value: object, depth: int) -> object:
    value = unwrapped(value)
    if depth > _DEEPEST:
        problem = f"is nested more than {_DEEPEST} deep; write flatter values"
        raise InvalidSweep(problem)
    if isinstance(value, Mapping):
        return {_key(key): _inner(item, key, depth) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes | bytearray):
        return [_inner(item, f"[{index}]", depth) for index, item in enumerate(value)]
    return _scalar(value)


def _inner(item: object, place: object, depth: int) -> object:
    with within(str(place)):
        return _plain(item, depth + 1)


def unwrapped(value: object) -> object:
    """Return what a number or an array of numpy or torch holds; anything else as it is."""
    for name in ("tolist", "item"):
        method: Callable[[], object] | None = getattr(value, name, None)
        if callable(method) and not isinstance(value, type):
            return method()
    return value


def _key(key: object) -> str:
    if not isinstance(key, str):
        problem = f"the key {shown(key)} is not text; put it in quotes"
        raise InvalidSweep(problem)
    return text(key)


def _scalar(value: object) -> object:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return text(value)
    if isinstance(value, int):
        return _integer(int(value))
    if isinstance(value, float):
        return _float(float(value))
    problem = (
        f"{shown(value)} is a {type(value).__name__}; write a number, text, true, false, null, a list or a mapping"
    )
    raise InvalidSweep(problem)


def _integer(value: int) -> int:
    if not -(2**63) <= value < 2**63:
        problem = f"{shown(value)} does not fit in 64 bits; write it as text"
        raise InvalidSweep(problem)
    return value


def _float(value: float) -> float:
    if not math.isfinite(value):
        problem = f"{value} has no JSON form; write a finite number or text"
        raise InvalidSweep(problem)
    return value


def text(value: str) -> str:
    """Return text that every file and every process's arguments can carry; raises InvalidSweep for other text."""
    if "\0" in value or any("\ud800" <= character <= "\udfff" for character in value):
        problem = f"{shown(value)} holds a character that cannot be written; remove it"
        raise InvalidSweep(problem)
    return str.__str__(value)  # of an Enum that is text, the text and not its name


def choice(value: object) -> object:
    """Return one value of a parameter: JSON, with text such as 1e-5 taken as the number that it is."""
    value = plain(value)
    return _float(float(value)) if isinstance(value, str) and _EXPONENT.fullmatch(value) else value


def number(value: object) -> int | float:
    """Return a finite number, taking text such as 1e-5 as the number that it is."""
    value = plain_number(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        problem = f"must be a number, not {kind(value) if not isinstance(value, str) else shown(value)}"
        raise InvalidSweep(problem)
    if not _finite(value):
        problem = f"must be a finite number, not {shown(value)}"
        raise InvalidSweep(problem)
    return value


def plain_number(value: object) -> object:
    """Unwrap a value and read text as the number that it spells, if it spells one."""
    value = unwrapped(value)
    if not isinstance(value, str):
        return value
    text = value.strip()
    if _WHOLE.fullmatch(text):
        return int(text) if len(text) < _LONGEST_INT else float(text)
    return float(text) if _DECIMAL.fullmatch(text) else value


def _finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def whole(value: object) -> int:
    """Return a whole number that a float carries exactly; 1e3 and 1000.0 are whole."""
    found = number(value)
    if found != int(found):
        problem = f"must be a whole number, not {shown(found)}"
        raise InvalidSweep(problem)
    if abs(found) > LARGEST:
        problem = f"must lie within ±2**53, not {shown(found)}"
        raise InvalidSweep(problem)
    return int(found)


def fresh(value: object) -> object:
    """Return a value that a trial may change without changing the space."""
    return copy.deepcopy(value) if isinstance(value, list | dict) else value


def token(value: object) -> str:
    """Return text that is the same for two values exactly when JSON cannot tell them apart: True is not 1."""
    return json.dumps(value, sort_keys=True)
