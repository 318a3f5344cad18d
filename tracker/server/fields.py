"""What a request says, read as protobuf's JSON is: leniently, and refused in MLflow's words.

A request is a shape: a class of named and typed fields. Names may be written in snake_case or camelCase, whole numbers
as texts; null is as good as nothing, what is not known is passed over, and a body that is no JSON is an empty one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from typing import Annotated, Any, TypeVar, dataclass_transform

import msgspec

from .problems import Problem, bad_value, missing

T = TypeVar("T", bound="Shape")
# What fits into 64 bits; a time is so many milliseconds since 1970.
Whole = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
Time = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
Unset = msgspec.UnsetType
UNSET = msgspec.UNSET
_WHERE = re.compile(r" - at `\$\.?(.*)`$")
_MISSING = re.compile(r"missing required field `(\w+)`")
_PARTS = re.compile(r"[^.\[\]]+")
# Of what was said, so much is said back.
SHOWN = 100


@dataclass_transform(kw_only_default=True, frozen_default=True)
class Shape(msgspec.Struct, kw_only=True, frozen=True):
    """A request, or a message in one: subclasses name its fields, their types and what they are if left out."""


@dataclass_transform(kw_only_default=True, frozen_default=True)
class Answer(Shape, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """What is answered, or a message in it: its fields are all that there may be; one that is unset is left out."""


def schemas_of(shapes: Sequence[type[Shape]], place: str) -> tuple[list[dict[str, Any]], dict[str, dict[str, Any]]]:
    """Return JSON schemas of shapes, and those of what is in them by name, which they refer to by `place`."""
    found = msgspec.json.schema_components(shapes, ref_template=f"{place}{{name}}")
    text = msgspec.json.encode(found).decode()
    # A name that several rooms have is given with all the rooms that it stands in: the last one tells them apart.
    for name in (name for name in found[1] if "." in name):
        text = text.replace(f'{name}"', f'{".".join(name.split(".")[-2:])}"')
    told, within = msgspec.json.decode(text)
    return told, within


def of_body(shape: type[T], body: bytes, said: Mapping[str, str] = {}) -> T:  # it is only read
    """Read a request from a body, and what its path says.

    Raises:
        Problem: a field is missing, or of another type.
    """
    if not said and not _is_camel(shape, body):
        # What is of the wrong type, null, or no JSON at all is looked at below.
        with suppress(msgspec.DecodeError, RecursionError, UnicodeDecodeError):
            found: T = _decoder(shape).decode(body)
            return found
    try:
        told = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        told = {}
    plain = _plain(told, _camels(shape)) if isinstance(told, dict) else {}
    return _converted(shape, {**plain, **said})


def of_query(shape: type[T], query: Mapping[str, Sequence[str]]) -> T:
    """Read a request from a query string's parameters, each of which may be given several times.

    Raises:
        Problem: a field is missing, or of another type.
    """
    camels, lists = _camels(shape), _lists(shape)
    told: dict[str, object] = {}
    for name, values in query.items():
        key = camels.get(name, name)
        told[key] = list(values) if key in lists else values[-1]
    return _converted(shape, told)


def number_of(name: str, value: object) -> float:
    """Return a metric's value, which may be written as a number or as its text.

    Raises:
        Problem: it is neither.
    """
    if isinstance(value, str | float | int) and not isinstance(value, bool):
        with suppress(ValueError, OverflowError):
            return float(value)
    raise invalid(name, value)


def invalid(name: str, value: object) -> Problem:
    """Return the problem of a field's value that cannot be taken."""
    return bad_value(f"Invalid value {_shown(value)} for parameter {name!r} supplied")


def required(name: str, value: str | None) -> str:
    """Return a text that must be there.

    Raises:
        Problem: it is missing or empty.
    """
    if not value:
        raise missing(name)
    return value


def _shown(value: object) -> str:
    """Return a value as it was written, or its beginning."""
    try:
        text = msgspec.json.encode(value).decode()
    except RecursionError:
        text = "so deep"
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


def _converted(shape: type[T], told: Mapping[str, object]) -> T:
    try:
        return msgspec.convert(told, shape, strict=False)
    except msgspec.ValidationError as error:
        raise _problem(str(error), told) from None


def _problem(error: str, told: object) -> Problem:
    where = _WHERE.search(error)
    path = where[1] if where else ""
    gone = _MISSING.search(error)
    if gone:
        return missing(f"{path}.{gone[1]}" if path else gone[1])
    return invalid(path, _at(told, path))


def _at(told: Any, path: str) -> object:  # noqa: ANN401  # any JSON
    """Return what stands at a path such as `metrics[0].value`."""
    for part in _PARTS.findall(path):
        if isinstance(told, list):
            told = told[int(part)]
        elif isinstance(told, dict):
            told = told.get(part)
    return told


def _plain(told: Any, camels: Mapping[str, str]) -> Any:  # noqa: ANN401  # any JSON
    """Leave out nulls, and write the names in snake_case."""
    if isinstance(told, dict):
        return {camels.get(key, key): _plain(value, camels) for key, value in told.items() if value is not None}
    return [_plain(each, camels) for each in told if each is not None] if isinstance(told, list) else told


@cache
def _decoder(shape: type[T]) -> msgspec.json.Decoder[T]:
    return msgspec.json.Decoder(shape, strict=False)


def _is_camel(shape: type[Shape], body: bytes) -> bool:
    return any(name in body for name in _camel_bytes(shape))


@cache
def _camel_bytes(shape: type[Shape]) -> tuple[bytes, ...]:
    return tuple(f'"{name}"'.encode() for name in _camels(shape))


@cache
def _camels(shape: type[Shape]) -> Mapping[str, str]:
    """Return the names in snake_case of all fields, also of messages within, by those in camelCase."""
    names: dict[str, str] = {}
    for field in msgspec.structs.fields(shape):
        if "_" in field.name:
            head, *rest = field.name.split("_")
            names[head + "".join(word.capitalize() for word in rest)] = field.name
        for inner in _shapes_in(field.type):
            names |= _camels(inner)
    return names


@cache
def _lists(shape: type[Shape]) -> frozenset[str]:
    return frozenset(
        field.name for field in msgspec.structs.fields(shape) if getattr(field.type, "__origin__", None) is tuple
    )


def _shapes_in(kind: object) -> list[type[Shape]]:
    if isinstance(kind, type) and issubclass(kind, Shape):
        return [kind]
    return [each for inner in getattr(kind, "__args__", ()) for each in _shapes_in(inner)]
