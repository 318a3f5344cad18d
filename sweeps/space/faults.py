"""How a fault in a sweep is worded and placed.

Code that checks one key raises `InvalidSweep` with a place relative to itself; each level above adds its own
name with `within`, so that the error arrives as `parameters.lr.min` and no function passes paths down.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from difflib import get_close_matches
from reprlib import Repr

from ..errors import InvalidSweep

_LONGEST = 60
_SHORT = Repr()  # it does not follow a value into its depths
_SHORT.maxstring = _SHORT.maxlong = _SHORT.maxother = _LONGEST
_SHORT.maxlist = _SHORT.maxtuple = _SHORT.maxdict = _LONGEST // 3
_WORDS = {None: "null", True: "true", False: "false"}


def join(place: str, inner: str) -> str:
    """Join two parts of a place: `values` and `[2]` to `values[2]`, `lr` and `min` to `lr.min`."""
    if not inner.isprintable():
        return place
    return place + inner if inner.startswith("[") or not (place and inner) else f"{place}.{inner}"


@contextmanager
def within(place: str) -> Iterator[None]:
    """Put `place` before the place of every fault found inside."""
    try:
        yield
    except InvalidSweep as fault:
        raise InvalidSweep(fault.problem, where=join(place, fault.where)) from None


def shown(value: object) -> str:
    """Show a value in a message: as a sweep file would write it, on one line, shortened."""
    if value is None or isinstance(value, bool):
        return _WORDS[value]
    text = " ".join(_repr(value).split())
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _repr(value: object) -> str:
    try:
        return _SHORT.repr(value)
    except ValueError:
        return "a number that is too long to show"


def kind(value: object) -> str:
    """Name the kind of a value in the words of a sweep file."""
    if value is None:
        return "nothing"
    names: tuple[tuple[type, str], ...] = (
        (bool, "true or false"),
        (int, "a number"),
        (float, "a number"),
        (str, "text"),
        (Mapping, "a mapping"),
        (list, "a list"),
        (tuple, "a list"),
    )
    return next((name for type_, name in names if isinstance(value, type_)), f"a {type(value).__name__}")


def nearest(word: str, known: Iterable[str]) -> str:
    """Say which known word was probably meant, or which words there are."""
    words = list(known)
    close = get_close_matches(word, words, n=1)
    return f"did you mean {close[0]!r}?" if close else f"known are {', '.join(words)}"


def unknown_key(data: Mapping[str, object], known: Iterable[str]) -> tuple[str, str] | None:
    """Find the first key that is not known: the key and the sentence about it."""
    words = list(known)
    key = next((key for key in data if key not in words), None)
    if key is None:
        return None
    return str(key), f"unknown key {shown(key)}; {nearest(str(key), words)}"


def refuse_unknown(data: Mapping[str, object], known: Iterable[str]) -> None:
    """Raise at the first key that is not known."""
    if found := unknown_key(data, known):
        key, problem = found
        raise InvalidSweep(problem, where=key)
