"""What users hand in, made into what is kept, or refused with a line that names it: pure."""

from __future__ import annotations

import math
import operator
from collections.abc import Mapping
from functools import lru_cache
from typing import SupportsFloat, SupportsIndex, cast

import numpy as np

from ..errors import InvalidInput, InvalidMetric

KEY_LENGTH = 250
# Kinds of NumPy's types that `float` would make a number of: complex, which loses a part, and texts.
_NO_NUMBERS = frozenset("cSU")
# Types of numbers that need no second look.
PLAIN = frozenset({float, int, bool, np.float64, np.float32, np.float16, np.int64, np.int32, np.bool_})
_MIN_STEP, _MAX_STEP = -(2**63), 2**63 - 1


def keys_of(metrics: Mapping[str, object]) -> list[str]:
    """Return the names of metrics.

    Raises:
        InvalidMetric: they are no mapping, or one is no usable text.
    """
    if not isinstance(metrics, Mapping):
        raise InvalidMetric(metrics, "metrics are a mapping of names to numbers, such as {'loss': 0.3}")
    return [key_of(key) for key in metrics]


def numbers_of(metrics: Mapping[str, object]) -> list[float]:
    """Return the values of metrics as floats, exactly.

    Raises:
        InvalidMetric: one is no single number.
    """
    return [_number(key, value) for key, value in metrics.items()]


def step_of(step: SupportsIndex) -> int:
    """Return a step as an int64.

    Raises:
        InvalidMetric: it is no whole number, or out of range.
    """
    try:
        whole = operator.index(step)
    except TypeError:
        raise InvalidMetric("step", f"a step is a whole number, not {step!r}") from None
    if not _MIN_STEP <= whole <= _MAX_STEP:
        raise InvalidMetric("step", "the number is beyond 64 bits")
    return int(whole)


def token_of(token: SupportsIndex) -> int:
    """Return a token of a run's holder.

    Raises:
        InvalidInput: it is no whole number from 0 on, or beyond 63 bits.
    """
    try:
        whole = operator.index(token)
    except TypeError:
        raise InvalidInput(f"a token is a whole number, not {token!r}") from None
    if not 0 <= whole <= _MAX_STEP:
        raise InvalidInput(f"a token is a whole number from 0 on, not {whole}")
    return int(whole)


def params_of(params: Mapping[str, object]) -> dict[str, object]:
    """Return params as JSON values; what JSON cannot say is kept as its text."""
    return {name_of(key, "param"): plain(value) for key, value in params.items()}


def tags_of(tags: Mapping[str, object]) -> dict[str, str]:
    """Return tags as texts."""
    return {name_of(key, "tag"): _text(str(value)) for key, value in tags.items()}


def name_of(name: object, what: str) -> str:
    """Return a name that can be kept, of a param, a tag, a metric, a run or an experiment.

    Raises:
        InvalidInput: it is no text, empty, too long, or holds characters that cannot be shown.
    """
    if type(name) is str and _is_good(name):
        return name
    problem = _problem(name)
    if problem:
        message = f"{what} name {name!r}: {problem}"
        raise InvalidInput(message)
    return _exact(name)


def model_name_of(name: str) -> str:
    """Return a logged model's name; MLflow's rule, so that a model's URI is not torn."""
    if set(name_of(name, "checkpoint")) & set("/:.%\"'"):
        message = f"checkpoint name {name!r}: none of / : . % \" ' may be in it"
        raise InvalidInput(message)
    return _exact(name)


def plain(value: object) -> object:
    """Return a value as JSON can say it: NumPy scalars as Python's, unknown things as their text.

    Raises:
        InvalidInput: a text that cannot be kept.
    """
    if hasattr(value, "item") and getattr(value, "ndim", 0) == 0:
        value = value.item()
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else str(value)
    if value is None or (isinstance(value, int) and _MIN_STEP <= value <= _MAX_STEP):
        return value
    if isinstance(value, Mapping):
        return {_text(str(key)): plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    return _text(_exact(value) if isinstance(value, str) else str(value))


def key_of(key: object) -> str:
    """Return a metric's name.

    Raises:
        InvalidMetric: it is no usable text.
    """
    if type(key) is str and _is_good(key):
        return key
    problem = _problem(key)
    if problem:
        raise InvalidMetric(key, problem)
    return _exact(key)


@lru_cache(maxsize=4096)
def _is_good(name: str) -> bool:
    """Say whether a name can be kept; it is remembered, since to look at each character takes longer than a call."""
    return not _problem(name)


def _exact(name: object) -> str:
    """Return a text as a plain `str`: a subclass, such as NumPy's, is no key of a JSON object."""
    return str.__str__(cast("str", name))


def _number(key: object, value: object) -> float:
    if type(value) is float:
        return value
    if isinstance(value, str | bytes):
        raise InvalidMetric(key, f"{value!r} is text; a metric is a number")
    # Arrays without dimensions, such as a tensor of one loss, are numbers, though their types have a length.
    if hasattr(value, "__len__") and getattr(value, "ndim", None) != 0:
        raise InvalidMetric(key, f"{_short(value)} is not one number; log each under a name of its own")
    if getattr(getattr(value, "dtype", None), "kind", "f") in _NO_NUMBERS:
        raise InvalidMetric(key, f"{_short(value)} is not a real number")
    try:
        # A tensor that takes part in a gradient warns when it is made a float, and not when it is asked for its item.
        return float(value.item() if hasattr(value, "item") else cast("SupportsFloat", value))
    except OverflowError:
        raise InvalidMetric(key, "the number is beyond the range of a double") from None
    except Exception:  # noqa: BLE001  # numbers of foreign kinds raise what they like
        raise InvalidMetric(key, f"{_short(value)} is not a number") from None


def _problem(name: object) -> str:
    if not isinstance(name, str):
        return "a name is a text"
    if not name.strip():
        return "a name is not empty"
    if len(name) > KEY_LENGTH:
        return f"a name has at most {KEY_LENGTH} characters, this one {len(name)}"
    if name.isascii() and name.isprintable():
        return ""
    if any(ord(character) < ord(" ") or "\ud800" <= character <= "\udfff" for character in name):
        return "control characters and lone surrogates cannot be kept"
    return ""


def _text(text: str) -> str:
    if "\0" in text or (not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text)):
        raise InvalidInput(f"{_short(text)}: NUL and lone surrogates cannot be kept")
    return text


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}…"  # noqa: PLR2004  # fits a line
