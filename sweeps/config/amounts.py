"""Amounts as people write them: bytes such as 4GB, and shares such as 25%."""

from __future__ import annotations

import re

from ..errors import InvalidSweep
from ..space.faults import shown
from ..space.values import number, plain_number
from .kinds import NUMBER, Kind

_BYTES = re.compile(r"(?P<amount>\d+(?:\.\d+)?) *(?P<unit>[kmgt]?)(?P<binary>i?)b?", re.ASCII | re.IGNORECASE)
_POWERS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}
_PERCENT = re.compile(r"(\d+(?:\.\d+)?) *%", re.ASCII)
# What no program runs in; so small a number was meant to have a unit.
_LEAST_BYTES = 1_000_000


def read_bytes(value: object) -> int:
    """Return an amount of memory in bytes: 4000000, "500MB" (1000s), "500MiB" (1024s).

    Raises:
        InvalidSweep: it is none, or less than any program takes.
    """
    value = plain_number(value)
    found = _spelled(value) if isinstance(value, str) else float(number(value))
    if found < _LEAST_BYTES:
        problem = f"{shown(value)} is less memory than any program takes; write a unit, such as 4GB or 500MiB"
        raise InvalidSweep(problem)
    return int(number(found))


def show_bytes(amount: int) -> str:
    """Write an amount in the largest unit of 1024s that it reaches: `1.5 GiB`."""
    power = min((max(amount, 1).bit_length() - 1) // 10, 4)
    return f"{amount / 1024**power:.4g} {('bytes', 'KiB', 'MiB', 'GiB', 'TiB')[power]}"


def _spelled(text: str) -> float:
    parts = _BYTES.fullmatch(text.strip(" "))
    if parts is None:
        problem = f"{shown(text)} is no amount of memory; write bytes such as 4GB or 500MiB"
        raise InvalidSweep(problem)
    base = 1024.0 if parts["binary"] else 1000.0
    return float(parts["amount"]) * float(base ** _POWERS[parts["unit"].lower()])


def _failures(value: object) -> float:
    """Return a count of at least 1, or a share above 0 and below 1."""
    percent = _PERCENT.fullmatch(value.strip(" ")) if isinstance(value, str) else None
    found = float(percent[1]) / 100 if percent else number(value)
    if 0 < found < 1:
        return found
    if percent or found < 1 or found != int(found):
        problem = f"{shown(value)} is no number of trials; write a whole number above 0, or a share such as 25% or 0.25"
        raise InvalidSweep(problem)
    return int(found)


BYTES: Kind[int] = Kind(
    read_bytes,
    {
        "type": ["number", "string"],
        "minimum": _LEAST_BYTES,
        "pattern": rf"^({NUMBER}| *[0-9]+(\.[0-9]+)? *[kKmMgGtT]?[iI]?[bB]? *)$",
        "examples": ["4GB", "500MiB"],
    },
)
FAILURES: Kind[float] = Kind(
    _failures,
    {
        "type": ["number", "string"],
        "exclusiveMinimum": 0,
        "pattern": rf"^({NUMBER}| *[0-9]+(\.[0-9]+)? *% *)$",
        "examples": [3, "25%"],
    },
)
