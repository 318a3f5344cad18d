"""What a user says about how to rank, checked: pure."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from ..errors import InvalidInput
from .rank import require_goal

_COUNTINGS = ("latest", "last", "best", "mean")
_OPERATORS = ("<", "<=", ">", ">=", "=", "!=")
_CONSTRAINT = re.compile(r"\s*(?P<metric>.+?)\s*(?P<operator>[<>=!]+)\s*(?P<bound>[^\s<>=!]+)\s*", re.DOTALL)
_QUOTES = "\"`'"
RUN: Final = "run"
SWEEP: Final = "sweep"


@dataclass(frozen=True, slots=True)
class Counting:
    """Which of a logged model's points of a metric counts.

    latest: the greatest timestamp, then the greatest step, as in MLflow. last: the greatest step, then timestamp.
    best: the best finite value by the goal, then the smallest step. mean: over the last `steps` steps, each by its
    last point, or over as many as there are. Of points that are still equal the one logged last counts.
    """

    kind: str = "latest"
    steps: int = 0

    def __str__(self) -> str:
        return f"{self.kind}:{self.steps}" if self.steps else self.kind


@dataclass(frozen=True, slots=True)
class Constraint:
    """What a metric's value must keep to; a missing value and NaN keep to nothing."""

    metric: str
    operator: str
    bound: float

    def __str__(self) -> str:
        return f"{self.metric} {self.operator} {self.bound:g}"


@dataclass(frozen=True, slots=True)
class RankBy:
    """How to rank; made by `rank_by` from what a user says.

    Several metrics without weights make a Pareto front. `per` is "run", "sweep", "params.NAME" or "tags.NAME";
    `seeds` are the names of the params that only tell repetitions of one trial apart.
    """

    metrics: tuple[str, ...]
    goals: tuple[str, ...]
    dataset: str | None = None
    any_digest: bool = False
    value: Counting = Counting()
    smooth: int | None = None
    weights: tuple[float, ...] | None = None
    constraints: tuple[Constraint, ...] = ()
    seeds: tuple[str, ...] = ()
    per: str | None = None
    confidence: float = 0.95
    top: int = 5
    explain: bool = False

    @property
    def is_front(self) -> bool:
        """Whether it asks for a Pareto front."""
        return len(self.metrics) > 1 and self.weights is None

    @property
    def is_plain(self) -> bool:
        """Whether the newest values of one metric in their order, the best first, are all that it asks for."""
        is_refined = self.smooth or self.constraints or self.seeds or self.per or self.explain or self.any_digest
        return len(self.metrics) == 1 and self.value == Counting() and not is_refined

    @property
    def needed(self) -> tuple[str, ...]:
        """The metrics whose values are needed: those to rank by, then those that only constrain."""
        return tuple(dict.fromkeys((*self.metrics, *(each.metric for each in self.constraints))))

    def counting_of(self, metric: str) -> Counting:
        """Return which value of a metric counts; without a goal nothing is best, and the latest counts."""
        has_goal = metric in self.metrics or self.value.kind != "best"
        return self.value if has_goal else Counting()


def rank_by(  # noqa: PLR0913  # a user's words, one each
    metric: str | Mapping[str, str],
    *,
    goal: str = "maximize",
    dataset: str | None = None,
    any_digest: bool = False,
    value: str = "latest",
    smooth: int | None = None,
    weights: Mapping[str, float] | None = None,
    constraints: Iterable[str] = (),
    seeds: str | Iterable[str] | None = None,
    per: str | None = None,
    confidence: float = 0.95,
    top: int = 5,
    explain: bool = False,
) -> RankBy:
    """Check what a user says about how to rank.

    Raises:
        InvalidInput: some of it cannot be used, or two things exclude each other.
    """
    goals = _goals(metric, goal)
    by = RankBy(
        metrics=tuple(goals),
        goals=tuple(goals.values()),
        dataset=dataset,
        any_digest=any_digest,
        value=_counting(value),
        smooth=_window(smooth),
        weights=_weights(weights, goals),
        constraints=tuple(constraint(text) for text in _texts("constraints", constraints)),
        seeds=(seeds,) if isinstance(seeds, str) else tuple(seeds or ()),
        per=_per(per),
        confidence=confidence,
        top=top,
        explain=explain,
    )
    _require_agreement(by)
    return by


def constraint(text: str) -> Constraint:
    """Read `metric < number`; the metric may stand in quotes, or without them after `metrics.`.

    Raises:
        InvalidInput: it does not read so.
    """
    match = _CONSTRAINT.fullmatch(text)
    bound = _number(match["bound"]) if match else None
    if match is None or bound is None or match["operator"] not in _OPERATORS:
        raise InvalidInput(
            f"constraint {text!r}: write a metric, one of {' '.join(_OPERATORS)}, and a number: 'latency_ms < 20'",
        )
    return Constraint(_unquoted(match["metric"]), match["operator"], bound)


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return None if math.isnan(number) or "_" in text else number


def _unquoted(name: str) -> str:
    if len(name) > 2 and name[0] in _QUOTES and name[-1] == name[0]:  # noqa: PLR2004  # two quotes and a name
        return name[1:-1]
    return name.removeprefix("metrics.")


def _goals(metric: str | Mapping[str, str], goal: str) -> dict[str, str]:
    goals = {metric: goal} if isinstance(metric, str) else metric
    if not goals or not all(goals):
        raise InvalidInput(f"the metric is {metric!r}; give a name, or a mapping of names to goals")
    if goals is metric and goal != "maximize":
        raise InvalidInput(f"the goal is {goal!r}, but each of several metrics has its own: {{name: goal}}")
    for each in goals.values():
        require_goal(each)
    return dict(goals)


def _texts(what: str, texts: Iterable[str]) -> Iterable[str]:
    if isinstance(texts, str):
        raise InvalidInput(f"{what} is a list of texts, not one: write [{texts!r}]")
    return texts


def _counting(text: str) -> Counting:
    kind, colon, steps = text.partition(":")
    if kind not in _COUNTINGS or (kind == "mean") != bool(colon) or (colon and not _is_positive(steps)):
        raise InvalidInput(f"value is {text!r}; it must be latest, last, best or mean:N, such as mean:5")
    return Counting(kind, int(steps or 0))


def _is_positive(digits: str) -> bool:
    return digits.isascii() and digits.isdecimal() and int(digits[:10]) > 0


def _window(smooth: int | None) -> int | None:
    if smooth is None or (smooth >= 1 and smooth % 2 == 1):
        return None if smooth == 1 else smooth
    raise InvalidInput(f"smooth is {smooth}; it must be odd and at least 1, so that a checkpoint is in the middle")


def _weights(weights: Mapping[str, float] | None, goals: Mapping[str, str]) -> tuple[float, ...] | None:
    if weights is None:
        return None
    if len(goals) == 1 or weights.keys() != goals.keys():
        raise InvalidInput(
            f"weights are given for {', '.join(map(repr, weights)) or 'nothing'}; give one for each of several "
            f"metrics: {', '.join(map(repr, goals))}",
        )
    for name, weight in weights.items():
        if not 0 < weight < math.inf:
            raise InvalidInput(f"the weight of {name!r} is {weight}; it must be a positive number")
    return tuple(float(weights[name]) for name in goals)


def _per(per: str | None) -> str | None:
    if per is None or per in {RUN, "trial", SWEEP}:
        return RUN if per == "trial" else per
    entity, _, name = per.partition(".")
    if entity not in {"params", "tags"} or not name:
        raise InvalidInput(f"per is {per!r}; it must be run, trial, sweep, params.NAME or tags.NAME")
    return per


def _require_agreement(by: RankBy) -> None:
    if by.is_front and (by.per or by.seeds):
        raise InvalidInput("a Pareto front has no single order to choose by per or seeds; give weights to make one")
    if by.per and by.seeds:
        raise InvalidInput("seeds makes groups across runs, and per chooses within them; leave one of them out")
    if by.any_digest and by.dataset and "@" in by.dataset:
        raise InvalidInput(f"any_digest mixes digests, but dataset {by.dataset!r} names one; leave one of them out")
    if not 0.5 < by.confidence < 1:  # noqa: PLR2004  # below one half a bound would reward noise
        raise InvalidInput(f"confidence is {by.confidence}; it must be between 0.5 and 1, such as 0.95")
    if by.top < 1:
        raise InvalidInput(f"top is {by.top}; it must be at least 1")
