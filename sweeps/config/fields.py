"""One key of a mapping, read as what it must be.

Each function returns None where the key is absent or empty, and raises InvalidSweep placed at the key where it
holds something else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from ..errors import InvalidSweep
from ..space.faults import kind, nearest, shown, within
from ..space.values import number as any_number
from ..space.values import text as writable
from ..space.values import whole as any_whole

Data = Mapping[str, object]
T = TypeVar("T")


def read(data: Data, key: str, parse: Callable[[object], T]) -> T | None:
    """Read a key with `parse`, whose faults are placed at the key."""
    value = data.get(key)
    if value is None:
        return None
    with within(key):
        return parse(value)


def text(data: Data, key: str) -> str | None:
    """Read text that is not empty."""
    return read(data, key, _text)


def _text(value: object) -> str:
    if not isinstance(value, str):
        remedy = f"; put {shown(value)} in quotes" if isinstance(value, int | float) else ""
        problem = f"must be text, not {kind(value)}{remedy}"
        raise InvalidSweep(problem)
    if not value.strip():
        problem = "is empty; write some text or remove the key"
        raise InvalidSweep(problem)
    return writable(value)


def whole(data: Data, key: str, least: int) -> int | None:
    """Read a whole number that is at least `least`."""

    def parse(value: object) -> int:
        found = any_whole(value)
        if found < least:
            problem = f"must be at least {least}, not {found}"
            raise InvalidSweep(problem)
        return found

    return read(data, key, parse)


def number(data: Data, key: str) -> float | None:
    """Read a finite number."""
    return read(data, key, any_number)


def flag(data: Data, key: str) -> bool | None:
    """Read true or false."""

    def parse(value: object) -> bool:
        if not isinstance(value, bool):
            problem = f"must be true or false, not {shown(value)}"
            raise InvalidSweep(problem)
        return value

    return read(data, key, parse)


def choice(data: Data, key: str, known: Iterable[str]) -> str | None:
    """Read one of the known words."""
    words = list(known)

    def parse(value: object) -> str:
        if isinstance(value, str) and value in words:
            return value
        problem = f"unknown {key} {shown(value)}; {nearest(str(value), words)}"
        raise InvalidSweep(problem)

    return read(data, key, parse)


def mapping(data: Data, key: str) -> Data | None:
    """Read a mapping."""

    def parse(value: object) -> Data:
        if not isinstance(value, Mapping):
            problem = f"must be a mapping, not {kind(value)}"
            raise InvalidSweep(problem)
        return value

    return read(data, key, parse)


def refuse(data: Data, reasons: Mapping[str, str]) -> None:
    """Raise at the first key that sweeps knows of and cannot do yet."""
    for key, remedy in reasons.items():
        if key in data:
            problem = f"is not supported yet; {remedy}"
            raise InvalidSweep(problem, where=key)
