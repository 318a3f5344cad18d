"""What a value of a sweep file must be: how it is read, and how a JSON schema says the same.

Both stand side by side, so that what an editor underlines and what is refused cannot drift apart. A schema is
never stricter than its reader; it may know less, since it cannot compare two values or look into a text's meaning.
The keywords of a schema apply each to its own type, so `minimum` and `pattern` may stand together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from ..errors import InvalidSweep
from ..space.faults import kind, nearest, shown, within
from ..space.values import number as any_number
from ..space.values import text as writable
from ..space.values import whole as any_whole

T = TypeVar("T")
Word = TypeVar("Word", bound=str)
Schema = Mapping[str, object]
Data = Mapping[str, object]

# Text that spells a number is the number, since YAML 1.1 takes 1e-5 for text.
NUMBER = r"\s*[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?\s*"


@dataclass(frozen=True, slots=True)
class Kind(Generic[T]):
    """A kind of value. `read` raises InvalidSweep, with a place relative to the value, where it is another."""

    read: Callable[[object], T]
    schema: Schema


def or_null(schema: Schema) -> Schema:
    """Return a schema that takes null too: a key that is left empty is a key that is left out."""
    if "enum" in schema:
        return {**schema, "enum": [*_listed(schema["enum"]), None]}
    if "type" in schema:
        return {**schema, "type": [*_listed(schema["type"]), "null"]}
    return schema


def _listed(value: object) -> list[object]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _text(value: object) -> str:
    if not isinstance(value, str):
        remedy = f"; put {shown(value)} in quotes" if isinstance(value, int | float) else ""
        problem = f"must be text, not {kind(value)}{remedy}"
        raise InvalidSweep(problem)
    if not value.strip():
        problem = "is empty; write some text or remove the key"
        raise InvalidSweep(problem)
    return writable(value)


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        problem = f"must be true or false, not {shown(value)}; write one of these without quotes"
        raise InvalidSweep(problem)
    return value


TEXT: Kind[str] = Kind(_text, {"type": "string", "pattern": r"\S"})
FLAG: Kind[bool] = Kind(_flag, {"type": "boolean"})
ANYTHING: Kind[object] = Kind(lambda value: value, {})


def whole(least: int) -> Kind[int]:
    """Return the kind of whole numbers that are at least `least`."""

    def read(value: object) -> int:
        found = any_whole(value)
        if found < least:
            problem = f"must be at least {least}, not {found}; raise it"
            raise InvalidSweep(problem)
        return found

    return Kind(read, {"type": ["integer", "string"], "minimum": least, "pattern": f"^{NUMBER}$"})


def number(*, above: float | None = None, least: float | None = None, below: float | None = None) -> Kind[float]:
    """Return the kind of finite numbers within the bounds; `least` belongs to them, the others do not."""

    def read(value: object) -> float:
        found = any_number(value)
        if above is not None and not found > above:
            _refuse(f"above {above}", found, "raise")
        if least is not None and not found >= least:
            _refuse(f"at least {least}", found, "raise")
        if below is not None and not found < below:
            _refuse(f"below {below}", found, "lower")
        return found

    bounds = {"exclusiveMinimum": above, "minimum": least, "exclusiveMaximum": below}
    known = {key: bound for key, bound in bounds.items() if bound is not None}
    return Kind(read, {"type": ["number", "string"], **known, "pattern": f"^{NUMBER}$"})


def _refuse(rule: str, found: float, remedy: str) -> None:
    problem = f"must be {rule}, not {shown(found)}; {remedy} it"
    raise InvalidSweep(problem)


def choice(what: str, words: Sequence[Word]) -> Kind[Word]:
    """Return the kind of values that are one of the words; `what` names it in messages."""

    def read(value: object) -> Word:
        found = next((word for word in words if isinstance(value, str) and word == value), None)
        if found is None:
            problem = f"unknown {what} {shown(value)}; {nearest(str(value), words)}"
            raise InvalidSweep(problem)
        return found

    return Kind(read, {"enum": list(words)})


def listing(item: Kind[T], example: str) -> Kind[tuple[T, ...]]:
    """Return the kind of lists of a kind."""

    def read(value: object) -> tuple[T, ...]:
        if isinstance(value, str | bytes) or not isinstance(value, Sequence):
            problem = f"must be a list, not {kind(value)}; write such as {example}"
            raise InvalidSweep(problem)
        return tuple(_item(item, index, one) for index, one in enumerate(value))

    return Kind(read, {"type": "array", "items": item.schema})


def _item(item: Kind[T], index: int, value: object) -> T:
    with within(f"[{index}]"):
        return item.read(value)
