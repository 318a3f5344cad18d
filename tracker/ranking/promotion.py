"""Whether a checkpoint takes the place of the one that has it: pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal

from ..entities import DatasetRef
from ..errors import InvalidInput
from .rank import require_goal


@dataclass(frozen=True, slots=True)
class Standing:
    """What a logged model has of the metric that decides; `value` is None where it was never measured."""

    model_id: str
    metric: str
    value: float | None
    dataset: DatasetRef | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether to promote, and why, in one line; `lead` is positive where the candidate is better.

    `lead` is None where the two cannot be compared.
    """

    promote: bool
    reason: str
    candidate: Standing
    incumbent: Standing | None
    goal: str
    min_lead: float
    lead: float | None = None


@dataclass(frozen=True, slots=True)
class Promotion:
    """A decision as it is recorded: when it was asked for, in milliseconds since the epoch, and about which alias.

    `version` is the one that the alias was given to; None where it stayed.
    """

    promotion_id: str
    timestamp: int
    name: str
    alias: str
    version: int | None
    decision: Decision


def decide_promotion(
    candidate: Standing,
    incumbent: Standing | None,
    goal: str = "maximize",
    min_lead: float = 0.0,
) -> Decision:
    """Decide whether the candidate takes the incumbent's place: only if it is better, and by at least `min_lead`.

    NaN and infinities are no values to be promoted by, and a candidate beats them. Two digests are two datasets and
    never compared. Differences are those of the numbers as they are written: 0.9 leads 0.8 by 0.1.

    Raises:
        InvalidInput: the two have different metrics, the goal is none, or `min_lead` is negative or not finite.
    """
    require_goal(goal)
    if not 0 <= min_lead < math.inf:
        raise InvalidInput(f"min_lead is {min_lead}; it must be 0 or a positive number")
    if incumbent is not None and incumbent.metric != candidate.metric:
        raise InvalidInput(
            f"{candidate.metric!r} and {incumbent.metric!r} cannot be compared: name one metric for both"
        )
    promote, reason, lead = _decide(candidate, incumbent, goal, min_lead)
    return Decision(promote, reason, candidate, incumbent, goal, min_lead, lead)


def _decide(
    candidate: Standing,
    incumbent: Standing | None,
    goal: str,
    min_lead: float,
) -> tuple[bool, str, float | None]:
    if candidate.value is None or not math.isfinite(candidate.value):
        return False, f"{_told(candidate)}, which never ranks", None
    if incumbent is None:
        return True, f"there is no incumbent; {_told(candidate)}", None
    obstacle = _obstacle(candidate, incumbent)
    if obstacle or incumbent.value is None:
        return False, obstacle, None
    if not math.isfinite(incumbent.value):
        return True, f"{_told(incumbent)}, which never ranks; {_told(candidate)}", None
    return _compare(candidate, incumbent, goal, min_lead)


def _obstacle(candidate: Standing, incumbent: Standing) -> str:
    """Say why the two cannot be compared, if they cannot."""
    if incumbent.model_id == candidate.model_id:
        return f"{candidate.model_id} is the incumbent already"
    if incumbent.dataset != candidate.dataset:
        return f"{_told(candidate)}, but {_told(incumbent)}: different datasets are not compared"
    if incumbent.value is None:
        return f"{_told(incumbent)}: measure it first, there is nothing to compare with"
    return ""


def _compare(candidate: Standing, incumbent: Standing, goal: str, min_lead: float) -> tuple[bool, str, float]:
    difference = Decimal(repr(candidate.value)) - Decimal(repr(incumbent.value))
    lead = difference if goal == "maximize" else -difference
    both = f"{candidate.metric} {candidate.value!r} against {incumbent.value!r}{_on(candidate)}, {goal}"
    if lead == 0:
        return False, f"equal, so the incumbent stays: {both}", 0.0
    if lead < 0:
        return False, f"worse by {-lead:g}: {both}", float(lead)
    if lead < Decimal(repr(min_lead)):
        return False, f"better by {lead:g}, which is less than {min_lead:g}: {both}", float(lead)
    return True, f"better by {lead:g}: {both}", float(lead)


def _told(standing: Standing) -> str:
    value = f"has {standing.metric} {standing.value!r}" if standing.value is not None else f"has no {standing.metric}"
    return f"{standing.model_id} {value}{_on(standing)}"


def _on(standing: Standing) -> str:
    return f" on {standing.dataset}" if standing.dataset else ""
