"""Whole numbers that come as texts: IDs of experiments, versions, places in a list."""

from __future__ import annotations

# SQLite's integers have up to 19; all that have fewer fit.
_MAX_DIGITS = 19


def number_in(text: str) -> int | None:
    """Return the number that a text of digits says; None if it is of something else, or says more than is ever kept."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < _MAX_DIGITS else None
