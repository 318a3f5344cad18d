"""Regular expressions, found anywhere in a text, by RE2: the time they take grows with the text and no faster."""

from __future__ import annotations

from functools import cache, lru_cache
from types import ModuleType
from typing import Protocol

# An expression's automaton and what it remembers while it searches, in bytes.
MAX_MEMORY = 1 << 18
SHOWN_OF_REASON = 60


class _Compiled(Protocol):
    def search(self, text: str) -> object: ...


def problem_of(pattern: str) -> str | None:
    """Say what is wrong with an expression, if something is."""
    try:
        _compiled(pattern)
    except _re2().error as error:
        return bytes(error.args[0]).decode("utf-8", "replace")[:SHOWN_OF_REASON]
    return None


def found(pattern: str, text: str | None) -> bool | None:
    """Whether an expression fits some part of a text; None without a text. Stores give it to SQL as `regexp`."""
    return None if text is None else _compiled(pattern).search(text) is not None


@lru_cache(maxsize=128)
def _compiled(pattern: str) -> _Compiled:
    options = _re2().Options()
    options.max_mem = MAX_MEMORY
    options.log_errors = False
    options.never_capture = True
    compiled: _Compiled = _re2().compile(pattern, options)
    return compiled


@cache
def _re2() -> ModuleType:
    # Few filters hold an expression, and the library need not be loaded for the others.
    import re2

    module: ModuleType = re2
    return module
