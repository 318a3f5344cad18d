"""What a user says about which checkpoints to keep, checked: pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from ..errors import InvalidInput
from .rank import require_goal


@dataclass(frozen=True, slots=True)
class TopOf:
    """Keep the best `count` by a metric: on each dataset for itself, and with `per_run` of each run for itself.

    `dataset` is `NAME` or `NAME@DIGEST` and narrows the choice. The order is that of every ranking.
    """

    metric: str
    goal: str = "maximize"
    count: int = 1
    dataset: str | None = None
    per_run: bool = False


@dataclass(frozen=True, slots=True)
class FrontOf:
    """Keep the Pareto front of several metrics, given as pairs of name and goal.

    A metric that was measured on several datasets is taken on `dataset`.
    """

    goals: tuple[tuple[str, str], ...]
    dataset: str | None = None


@dataclass(frozen=True, slots=True)
class LastOf:
    """Keep the last `count` created; with `per_run` of each run, by step. One without a step is after all others."""

    count: int = 1
    per_run: bool = False


Rule: TypeAlias = TopOf | FrontOf | LastOf


@dataclass(frozen=True, slots=True)
class Keep:
    """What to keep. Without rules all are kept that fit into the budget, which is in bytes.

    The budget drops by the first `TopOf` rule: those without a place by it first, the oldest of them before the rest,
    then the worst. Without such a rule it drops the oldest first.

    Raises:
        InvalidInput: nothing is said, or a rule or the budget cannot be used.
    """

    rules: tuple[Rule, ...] = ()
    budget: int | None = None

    def __post_init__(self) -> None:
        if not self.rules and self.budget is None:
            raise InvalidInput("nothing says what to keep; give a rule or a budget")
        if self.budget is not None and self.budget < 0:
            raise InvalidInput(f"the budget is {self.budget} bytes; it must be 0 or more")
        for rule in self.rules:
            _check(rule)


def _check(rule: Rule) -> None:
    if isinstance(rule, FrontOf):
        if len(rule.goals) < 2:  # noqa: PLR2004  # of one metric the front is its best value
            raise InvalidInput("a Pareto front is of at least two metrics; for one use TopOf")
        for _, goal in rule.goals:
            require_goal(goal)
        return
    if rule.count < 1:
        raise InvalidInput(f"{rule} keeps nothing; its count must be at least 1")
    if isinstance(rule, TopOf):
        require_goal(rule.goal)
