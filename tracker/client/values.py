"""What users hand in, made into what is kept, or refused with a line that names it: pure."""

from __future__ import annotations

import json
import math
import operator
from collections.abc import Mapping
from typing import SupportsFloat, SupportsIndex, cast

from ..errors import InvalidInput, InvalidMetric

KEY_LENGTH = 250
_MIN_STEP, _MAX_STEP = -(2**63), 2**63 - 1


def metrics_of(metrics: Mapping[str, object], known: set[str]) -> Mapping[str, float]:
    """Return metrics as floats, exactly; `known` are keys that were found good before, and is added to.

    Raises:
        InvalidMetric: a name that is no usable text, or a value that is no single number.
    """
    if not isinstance(metrics, Mapping):
        raise InvalidMetric(metrics, "metrics are a mapping of names to numbers, such as {'loss': 0.3}")
    for key, value in metrics.items():
        if type(value) is not float or key not in known:
            break
    else:
        return cast("Mapping[str, float]", metrics)
    return {_key(key, known): _number(key, value) for key, value in metrics.items()}


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
        raise InvalidMetric("step", f"{whole} is beyond 64 bits")
    return whole


def params_of(params: Mapping[str, object]) -> dict[str, object]:
    """Return params as JSON values; what JSON cannot say is kept as its text."""
    return {name_of(key, "param"): plain(value) for key, value in params.items()}


def tags_of(tags: Mapping[str, object]) -> dict[str, str]:
    """Return tags as texts."""
    return {name_of(key, "tag"): _text(str(value), key) for key, value in tags.items()}


def name_of(name: object, what: str) -> str:
    """Return a name that can be kept, of a param, a tag, a metric, a run or an experiment.

    Raises:
        InvalidInput: it is no text, empty, too long, or holds characters that cannot be shown.
    """
    problem = _problem(name)
    if problem:
        message = f"{what} name {name!r}: {problem}"
        raise InvalidInput(message)
    return cast("str", name)


def model_name_of(name: str) -> str:
    """Return a logged model's name; MLflow's rule, so that a model's URI is not torn."""
    if set(name_of(name, "checkpoint")) & set("/:.%\"'"):
        message = f"checkpoint name {name!r}: none of / : . % \" ' may be in it"
        raise InvalidInput(message)
    return name


def plain(value: object) -> object:
    """Return a value as JSON can say it: NumPy scalars as Python's, unknown things as their text."""
    if hasattr(value, "item") and getattr(value, "ndim", 0) == 0:
        value = value.item()
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if value is None or isinstance(value, bool | int | str):
        return value if not isinstance(value, int) or _MIN_STEP <= value <= _MAX_STEP else str(value)
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    return str(value)


def _key(key: object, known: set[str]) -> str:
    if key not in known:
        problem = _problem(key)
        if problem:
            raise InvalidMetric(key, problem)
        known.add(cast("str", key))
    return cast("str", key)


def _number(key: object, value: object) -> float:
    if isinstance(value, str | bytes):
        raise InvalidMetric(key, f"{value!r} is text; a metric is a number")
    size = getattr(value, "size", 1)
    if hasattr(value, "__len__") or (isinstance(size, int) and size != 1):
        raise InvalidMetric(key, f"{_short(value)} is not one number; log each under a name of its own")
    try:
        return float(cast("SupportsFloat", value))
    except OverflowError:
        raise InvalidMetric(key, "the number is beyond the range of a double") from None
    except (TypeError, ValueError):
        raise InvalidMetric(key, f"{_short(value)} is not a number") from None


def _problem(name: object) -> str:
    if not isinstance(name, str):
        return "a name is a text"
    if not name.strip():
        return "a name is not empty"
    if len(name) > KEY_LENGTH:
        return f"a name has at most {KEY_LENGTH} characters, this one {len(name)}"
    if any(ord(character) < ord(" ") or "\ud800" <= character <= "\udfff" for character in name):
        return "control characters and lone surrogates cannot be kept"
    return ""


def _text(text: str, key: object) -> str:
    if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
        message = f"tag {key!r}: NUL and lone surrogates cannot be kept"
        raise InvalidInput(message)
    return text


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}…"  # noqa: PLR2004  # fits a line


def as_json(value: object) -> str:
    """Return a compact JSON text."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
