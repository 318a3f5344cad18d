"""Sweep files in TOML."""

from __future__ import annotations

import re
import tomllib

from ..errors import InvalidSweep
from .interface import Document

_PLACE = re.compile(r" \(at line (\d+), column \d+\)$")


def parse(text: str, source: str) -> Document:
    """Parse TOML; raises InvalidSweep where it is not TOML."""
    try:
        return Document(tomllib.loads(text))
    except tomllib.TOMLDecodeError as fault:
        place = _PLACE.search(str(fault))
        problem = f"not valid TOML: {_PLACE.sub('', str(fault))}"
        raise InvalidSweep(problem, source=source, line=int(place[1]) if place else None) from fault
    except ValueError as fault:
        problem = "not valid TOML: holds a number that is too long"
        raise InvalidSweep(problem, source=source) from fault
    except RecursionError as fault:
        problem = "not valid TOML: nested too deeply"
        raise InvalidSweep(problem, source=source) from fault
