"""What a sweep is for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, cast, get_args

from ..errors import InvalidSweep
from ..space.faults import refuse_unknown
from ..trial import Goal
from . import fields
from .fields import Data

Impute = Literal["latest", "best", "worst"]
GOALS: tuple[Goal, ...] = get_args(Goal)

_IMPUTE = "remove it; a failed trial has no value"
_NOT_YET = {"impute": _IMPUTE, "impute_while_running": _IMPUTE}


@dataclass(frozen=True, slots=True)
class Metric:
    """The metric to make small or large; the sweep ends when a trial reaches `target`."""

    name: str
    goal: Goal = "minimize"
    target: float | None = None
    impute: Impute | None = None
    impute_while_running: Impute | None = None


def parse(metric: Data) -> Metric:
    """Read the `metric` mapping; raises InvalidSweep with a place relative to it."""
    fields.refuse(metric, _NOT_YET)
    refuse_unknown(metric, ("name", "goal", "target"))
    name = fields.text(metric, "name")
    if name is None:
        problem = "needs a name; write the name that the trials log it by"
        raise InvalidSweep(problem)
    goal = fields.choice(metric, "goal", GOALS) or "minimize"
    return Metric(name, cast("Goal", goal), fields.number(metric, "target"))
