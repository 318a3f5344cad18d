"""Metrics with their goals and weights, as typed: pure."""

from __future__ import annotations

from collections.abc import Mapping

from ..errors import InvalidInput
from ..ranking import GOALS
from .scope import names_in

_DEFAULT = GOALS[0]
_EXAMPLE = "accuracy:maximize,latency_ms:minimize"
_WEIGHTS = "accuracy=1,latency_ms=0.2"


def metrics_in(text: str, goal: str | None) -> str | dict[str, str]:
    """Return the metric that is named, or of several each with its goal: its own, else `goal`.

    Raises:
        InvalidInput: a name is empty or there twice, or a goal is none.
    """
    named = [_with_goal(part) for part in names_in("METRIC", text, _EXAMPLE)]
    goals = {name: own or goal or _DEFAULT for name, own in named}
    if len(goals) < len(named):
        raise InvalidInput(f"METRIC {text!r}: a metric is there twice")
    ((name, own), *others) = named
    return goals if others or own else name


def _with_goal(part: str) -> tuple[str, str | None]:
    name, colon, goal = part.rpartition(":")
    if not colon or not goal.lower().startswith(("max", "min")):
        return part, None
    if goal not in GOALS or not name:
        raise InvalidInput(f"METRIC {part!r}: write a goal as {_EXAMPLE}")
    return name, goal


def weights_in(text: str) -> Mapping[str, float]:
    """Return the weight of each metric in `accuracy=1,latency_ms=0.2`.

    Raises:
        InvalidInput: it does not read so, or a metric is there twice.
    """
    weights: dict[str, float] = {}
    for part in names_in("--weights", text, _WEIGHTS):
        name, _, number = part.rpartition("=")
        weight = _number(number)
        if not name or weight is None:
            raise InvalidInput(f"--weights {part!r}: write NAME=NUMBER, such as {_WEIGHTS}")
        if name in weights:
            raise InvalidInput(f"--weights {text!r}: a metric is there twice")
        weights[name] = weight
    return weights


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
