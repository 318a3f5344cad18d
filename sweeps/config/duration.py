"""Lengths of time as people write them."""

from __future__ import annotations

import re

from ..errors import InvalidSweep
from ..space.faults import shown
from ..space.values import number, plain_number
from .kinds import NUMBER, Kind

_PARTS = re.compile(
    r"(?:(?P<d>\d+(?:\.\d+)?)d)?(?:(?P<h>\d+(?:\.\d+)?)h)?(?:(?P<m>\d+(?:\.\d+)?)m)?(?:(?P<s>\d+(?:\.\d+)?)s)?",
    re.ASCII,
)
_SECONDS = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0}
_SPELLED = "".join(f"( *[0-9][0-9. ]*[{unit}{unit.upper()}])?" for unit in _SECONDS)


def seconds(value: object) -> float:
    """Return a length of time in seconds: 30, "45s", "30m", "1h30m", "2d"; raises InvalidSweep for others."""
    value = plain_number(value)
    found = _spelled(value) if isinstance(value, str) else float(number(value))
    if found <= 0:
        problem = f"must be longer than 0 seconds, not {shown(value)}; raise it, or remove the key"
        raise InvalidSweep(problem)
    return found


def _spelled(text: str) -> float:
    parts = _PARTS.fullmatch(text.replace(" ", "").lower())
    if parts is None or not any(parts.groups()):
        problem = f"{shown(text)} is no length of time; write seconds, or a length such as 45s, 30m or 1h30m"
        raise InvalidSweep(problem)
    return float(number(sum(float(amount) * _SECONDS[unit] for unit, amount in parts.groupdict().items() if amount)))


DURATION: Kind[float] = Kind(
    seconds,
    {
        "type": ["number", "string"],
        "exclusiveMinimum": 0,
        "pattern": rf"^({NUMBER}|(?=.*[0-9]){_SPELLED} *)$",
        "examples": ["45s", "30m", "1h30m", "2d"],
    },
)
