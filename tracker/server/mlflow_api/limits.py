"""How long and of what form things may be, as MLflow has it; refused in its words: pure."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection, Iterable

from ..fields import invalid
from ..problems import bad_value

KEY_LENGTH = 250
PARAM_LENGTH = 6000
RUN_TAG_LENGTH = 8000
TAG_LENGTH = 20_000
EXPERIMENT_LENGTH = 500
BATCH = 1000
BATCH_METRICS, BATCH_PARAMS, BATCH_TAGS = 1000, 100, 100
_KEY = re.compile(r"[/\w.\- :]*")


def require_key(field: str, key: str) -> str:
    """Return the name of a metric, a param or a tag of a run.

    Raises:
        Problem: it is too long, has a character that no name has, or is no normal path.
    """
    require_short(field, key, KEY_LENGTH)
    if not key or not _KEY.fullmatch(key):
        raise invalid(field, key).saying("names hold letters, digits, _ - . : / and spaces")
    if key != posixpath.normpath(key) or key == "." or key.startswith(("..", "/")):
        raise invalid(field, key).saying("a name is a relative path in its shortest form")
    return key


def require_short(field: str, text: str, most: int) -> str:
    """Return a text that can be kept.

    Raises:
        Problem: it is too long, or holds what is no text.
    """
    if len(text) > most:
        raise bad_value(f"{field} {text[:50]!r}… exceeds the maximum length of {most} characters: it has {len(text)}")
    if "\0" in text:
        raise invalid(field, text).saying("NUL cannot be kept")
    return text


def cut(field: str, value: str, most: int) -> str:
    """Return a value, or its beginning if it is longer than what is kept."""
    return require_short(field, value[:most], most)


def require_batch(sizes: Iterable[tuple[str, int, int]]) -> None:
    """Check that a batch is not too large, given what there is of what, and how much may be.

    Raises:
        Problem: it is.
    """
    sizes = list(sizes)
    for what, count, most in sizes:
        if count > most:
            raise bad_value(f"A batch has at most {most} {what}, this one {count}: it exceeds the maximum")
    if sum(count for _, count, _ in sizes) > BATCH:
        raise bad_value(f"A batch exceeds the maximum of {BATCH} metrics, params and tags together")


def require_once(what: str, keys: Collection[str]) -> None:
    """Check that no key is there twice.

    Raises:
        Problem: one is.
    """
    seen: set[str] = set()
    for key in keys:
        if key in seen:
            raise bad_value(f"Duplicate {what} key {key!r} in one request")
        seen.add(key)


def require_results(count: int, most: int) -> int:
    """Return how many results are wanted.

    Raises:
        Problem: none, or more than anybody gets.
    """
    if not 1 <= count <= most:
        raise invalid("max_results", count).saying(f"it is from 1 to {most}")
    return count
