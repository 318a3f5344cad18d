"""Facts as JSON can say them, and back, strictly: what another program sent is made of what its types say, or refused.

A frozen dataclass is an object of its fields, a named tuple an array. JSON has no NaN and no infinities, so as a float
they are the strings that MLflow's protocol uses for them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass
from enum import StrEnum
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from ..errors import InvalidInput

T = TypeVar("T")
Read = Callable[[Any], Any]
_NOT_FINITE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
_INT64 = range(-(2**63), 2**63)
_SHOWN = 60


def spelled(value: float) -> float | str:
    """Return a value as JSON has it: what is not finite by its name, as MLflow's protocol spells it."""
    if math.isfinite(value):
        return value
    if math.isnan(value):
        return "NaN"
    return "Infinity" if value > 0 else "-Infinity"


def plain(value: object) -> object:
    """Return facts as JSON can say them."""
    if isinstance(value, float):
        return spelled(value)
    if value is None or isinstance(value, str | int):
        return value
    if is_dataclass(value):
        return {name: plain(getattr(value, name)) for name in _names(cast("Any", type(value)))}
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, Collection):
        return [plain(each) for each in value]
    raise TypeError(type(value))


def read(kind: type[T], told: object) -> T:
    """Make facts of what JSON said.

    Raises:
        InvalidInput: it says something else than such facts.
    """
    return cast("T", reader(cast("Any", kind))(told))


@cache
def reader(kind: Any) -> Read:  # noqa: ANN401, PLR0911  # any type that facts have; one for each kind of it
    """Return what makes facts of one type; see `read`."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in {Union, UnionType}:
        return _either([reader(each) for each in arguments if each is not NoneType], NoneType in arguments)
    if is_dataclass(origin):
        return _dataclass(origin, dict(zip(cast("Any", origin).__parameters__, arguments, strict=True)))
    if origin is tuple and arguments[-1] is not Ellipsis:
        return _fixed([reader(each) for each in arguments])
    if origin is tuple or (origin is not None and issubclass(origin, Sequence)):
        return _sequence(tuple if origin is tuple else list, reader(arguments[0]))
    if origin is not None and issubclass(origin, Mapping):
        return _mapping(_KEYS[arguments[0]], reader(arguments[1]))
    if is_dataclass(kind):
        return _dataclass(kind)
    if hasattr(kind, "_fields"):
        return _named_tuple(kind)
    return _enum(kind) if isinstance(kind, type) and issubclass(kind, StrEnum) else _SIMPLE[kind]


@cache
def _names(kind: Any) -> tuple[str, ...]:  # noqa: ANN401  # a dataclass
    return tuple(field.name for field in fields(kind))


def _text(told: object) -> str:
    if not isinstance(told, str) or "\0" in told:
        raise _other("a text without NUL", told)
    return told


def _whole(told: object) -> int:
    if type(told) is not int or told not in _INT64:
        raise _other("a whole number of 64 bits", told)
    return told


def _float(told: object) -> float:
    if type(told) is float or (type(told) is int and told in _INT64):
        return float(told)
    if isinstance(told, str) and told in _NOT_FINITE:
        return _NOT_FINITE[told]
    raise _other("a number", told)


def _flag(told: object) -> bool:
    if not isinstance(told, bool):
        raise _other("true or false", told)
    return told


def _anything(told: object) -> object:
    return told


def _number_key(told: str) -> int:
    try:
        return int(told)
    except ValueError:
        raise _other("a whole number", told) from None


def _enum(kind: type[StrEnum]) -> Read:
    def made(told: object) -> StrEnum:
        if not isinstance(told, str) or told not in set(kind):
            raise _other(f"one of {', '.join(kind)}", told)
        return kind(told)

    return made


def _either(readers: Sequence[Read], none_too: bool) -> Read:  # noqa: FBT001  # as it reads
    def made(told: object) -> object:
        if told is None and none_too:
            return None
        for each in readers[:-1]:
            try:
                return each(told)
            except InvalidInput:
                continue
        return readers[-1](told)

    return made


def _sequence(kind: type[tuple[Any, ...] | list[Any]], item: Read) -> Read:
    def made(told: object) -> Sequence[Any]:
        if not isinstance(told, list):
            raise _other("a list", told)
        return kind(map(item, told))

    return made


def _fixed(items: Sequence[Read]) -> Read:
    def made(told: object) -> tuple[Any, ...]:
        if not isinstance(told, list) or len(told) != len(items):
            raise _other(f"a list of {len(items)}", told)
        return tuple(each(value) for each, value in zip(items, told, strict=True))

    return made


def _mapping(key: Callable[[str], object], value: Read) -> Read:
    def made(told: object) -> Mapping[Any, Any]:
        if not isinstance(told, dict):
            raise _other("a mapping", told)
        return {key(name): value(each) for name, each in told.items()}

    return made


def _dataclass(kind: Any, meant: Mapping[Any, Any] = {}) -> Read:  # noqa: ANN401  # a dataclass
    """Return what makes a dataclass; of a generic one, its type variables mean these types."""
    hints = get_type_hints(kind)
    readers = {name: reader(meant.get(hints[name], hints[name])) for name in _names(kind)}
    needed = {each.name for each in fields(kind) if each.default is MISSING and each.default_factory is MISSING}

    def made(told: object) -> object:
        if not isinstance(told, dict) or not needed <= told.keys() <= readers.keys():
            raise _other(f"{kind.__name__} ({', '.join(readers)})", told)
        return kind(**{name: readers[name](each) for name, each in told.items()})

    return made


def _named_tuple(kind: Any) -> Read:  # noqa: ANN401  # a named tuple
    readers = [reader(each) for each in get_type_hints(kind).values()]
    least = len(readers) - len(kind._field_defaults)

    def made(told: object) -> object:
        if not isinstance(told, list) or not least <= len(told) <= len(readers):
            raise _other(f"{kind.__name__} ({', '.join(kind._fields)})", told)
        return kind(*(each(value) for each, value in zip(readers, told, strict=False)))

    return made


def _other(wanted: str, told: object) -> InvalidInput:
    return InvalidInput(f"{repr(told)[:_SHOWN]} is not {wanted}")


_KEYS: Mapping[object, Callable[[str], object]] = {str: _text, int: _number_key}
_SIMPLE: Mapping[object, Read] = {
    str: _text,
    int: _whole,
    float: _float,
    bool: _flag,
    object: _anything,
}
