"""Sweep files in TOML."""

from __future__ import annotations

import re
import tomllib

from ..errors import InvalidSweep
from .interface import Document

# Python's parser takes the square of the time for a key of so many parts, which stands on one line.
MOST_PARTS = 64

_PLACE = re.compile(r" \(at line (\d+), column \d+\)$")
# A part of a key, a dot behind it, and blanks, which go on with a key; or anything else, which ends it.
_TOKEN = re.compile(
    r"""(?P<part>"(?:[^"\\\n]|\\.)*"|'[^'\n]*'|[\w-]+)|(?P<dot>\.)|(?P<blank>[ \t]+)|\\.|.""", re.DOTALL
)


def parse(text: str, source: str) -> Document:
    """Parse TOML; raises InvalidSweep where it is not TOML."""
    _require_short_keys(text, source)
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


def _require_short_keys(text: str, source: str) -> None:
    dots, before = 0, ""
    for token in _TOKEN.finditer(text):
        kind = token.lastgroup or ""
        if kind == "blank":
            continue
        if kind == "dot":
            dots = dots + 1 if before == "part" else 0
        elif kind != "part" or before == "part":
            dots = 0
        if dots >= MOST_PARTS:
            problem = f"a key has more than {MOST_PARTS} parts; write tables"
            raise InvalidSweep(problem, source=source, line=text.count("\n", 0, token.start()) + 1)
        before = kind
