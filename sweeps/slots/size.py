"""Amounts of memory as people write them."""

from __future__ import annotations

import re

from ..errors import InvalidSweep
from ..space.faults import shown
from ..space.values import number, plain_number

_SIZE = re.compile(r"(?P<amount>\d+(?:\.\d+)?)\s*(?P<unit>[kmgt]i?b?|b)", re.ASCII | re.IGNORECASE)
_POWERS = {letter: power for power, letter in enumerate(("b", "k", "m", "g", "t"))}
_LARGEST = 2**63


def read_size(value: object) -> int:
    """Return an amount in bytes: 1000000, "500MB" (1000s), "500MiB" (1024s); raises InvalidSweep for others."""
    value = plain_number(value)
    found = _spelled(value) if isinstance(value, str) else number(value)
    if not 1 <= found < _LARGEST:
        raise InvalidSweep(f"must be between 1 byte and 2**63, not {shown(value)}")
    return int(found)


def _spelled(text: str) -> float:
    parts = _SIZE.fullmatch(text.strip())
    if parts is None:
        raise InvalidSweep(f"must be bytes or a size such as 500MB or 4GiB, not {shown(text)}")
    unit = parts["unit"].lower()
    return float(parts["amount"]) * float(1024 if "i" in unit else 1000) ** _POWERS[unit[0]]


def show_size(size: int) -> str:
    """Write an amount in the largest unit of 1024s that it reaches: `1.5 GiB`."""
    power = min((max(size, 1).bit_length() - 1) // 10, 4)
    return f"{size / 1024**power:.4g} {('bytes', 'KiB', 'MiB', 'GiB', 'TiB')[power]}"
