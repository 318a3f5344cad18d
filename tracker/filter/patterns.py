"""LIKE patterns: `%` is any text, `_` any one character, and everything else is itself.

ILIKE does not tell ASCII letters by case (A is a, and Ä is not ä): SQLite's `lower` knows no others, and both ways of
answering must agree.
"""

from __future__ import annotations

import string

ASCII_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
GLOB = str.maketrans({"%": "*", "_": "?", "*": "[*]", "?": "[?]", "[": "[[]"})


def ascii_lower(text: str) -> str:
    """Lower the letters A to Z, and no others."""
    return text.translate(ASCII_LOWER)


def glob(pattern: str) -> str:
    """Write a LIKE pattern as a GLOB one: SQLite's own LIKE does not tell case."""
    return pattern.translate(GLOB)


def matches(text: str, pattern: str) -> bool:
    """Whether a whole text fits a LIKE pattern, case told."""
    first, *rest = pattern.split("%")
    if not rest:
        return len(text) == len(first) and _fits(text, first, 0)
    *middle, last = rest
    if len(first) + len(last) > len(text) or not _fits(text, first, 0):
        return False
    # The leftmost place of each piece leaves most room for the next, so no choice is ever taken back.
    start, end = len(first), len(text) - len(last)
    for piece in middle:
        found = _find(text, piece, start, end)
        if found is None:
            return False
        start = found + len(piece)
    return _fits(text, last, end)


def _fits(text: str, piece: str, start: int) -> bool:
    there = text[start : start + len(piece)]
    return all(wanted in ("_", found) for wanted, found in zip(piece, there, strict=False)) and len(there) == len(piece)


def _find(text: str, piece: str, start: int, end: int) -> int | None:
    places = range(start, end - len(piece) + 1)
    return next((place for place in places if _fits(text, piece, place)), None)
