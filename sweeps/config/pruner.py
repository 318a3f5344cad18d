"""Our rules for stopping trials early, as a sweep file's `execution.pruner` describes them.

An *iteration* is a report of the sweep's metric, counted from 1 in each trial; it is not the step that was logged.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

from ..errors import InvalidSweep
from .keys import Key, given, record, variants, written
from .kinds import Kind, number, whole


@dataclass(frozen=True, slots=True)
class Asha:
    """Asynchronous successive halving: at each rung the best of `eta` trials goes on.

    The rungs are at `min_iter`, times `eta`, and so on below `max_iter`, where a trial is over anyway, or without end.
    With several `brackets`, each begins a rung higher than the one before it.
    """

    min_iter: int = 1
    max_iter: int | None = None
    eta: float = 3
    brackets: int = 1

    def __post_init__(self) -> None:
        _check_rungs(self.min_iter, self.max_iter)
        last = self.min_iter * self.eta ** (self.brackets - 1)
        if self.max_iter is not None and last > self.max_iter:
            problem = (
                f"the last of {self.brackets} would begin at {last:g}, beyond max_iter {self.max_iter}; write fewer"
            )
            raise InvalidSweep(problem, where="brackets")


@dataclass(frozen=True, slots=True)
class HyperbandRule:
    """Hyperband: as many brackets of successive halving as fit between `min_iter` and `max_iter`."""

    max_iter: int
    min_iter: int = 1
    eta: float = 3

    def __post_init__(self) -> None:
        _check_rungs(self.min_iter, self.max_iter)


@dataclass(frozen=True, slots=True)
class Median:
    """Stop a trial whose best value is worse than the median of the complete trials' values at that iteration.

    `startup` trials must be complete before any is stopped; nothing is stopped within the first `warmup`
    iterations, and after them only at each `every`-th: the first one, and each so many after it.
    """

    startup: int = 5
    warmup: int = 0
    every: int = 1


@dataclass(frozen=True, slots=True)
class Percentile:
    """As the median rule, for another `percentile`: 25 lets the best quarter go on."""

    percentile: float = 25.0
    startup: int = 5
    warmup: int = 0
    every: int = 1


@dataclass(frozen=True, slots=True)
class Patience:
    """Stop a trial that got worse: its last values are all worse, by more than `delta`, than its best before them.

    The last values are those of so many `iterations` and of the report after them. A curve that is flat goes on.
    """

    iterations: int
    delta: float = 0.0


@dataclass(frozen=True, slots=True)
class Threshold:
    """Stop a trial whose metric is not a number or out of the range `lower` to `upper`, after `warmup` iterations."""

    lower: float | None = None
    upper: float | None = None
    warmup: int = 0

    def __post_init__(self) -> None:
        if self.lower is None and self.upper is None:
            problem = "needs lower or upper; write the bound that a healthy trial never crosses"
            raise InvalidSweep(problem)
        if self.lower is not None and self.upper is not None and self.lower >= self.upper:
            problem = f"lower {self.lower} must be below upper {self.upper}; swap them"
            raise InvalidSweep(problem, where="lower")


PrunerRule = Asha | HyperbandRule | Median | Percentile | Patience | Threshold


def _check_rungs(min_iter: int, max_iter: int | None) -> None:
    if max_iter is not None and min_iter > max_iter:
        problem = f"min_iter {min_iter} must not be above max_iter {max_iter}; swap them"
        raise InvalidSweep(problem, where="min_iter")


def pruner_mapping(rule: PrunerRule) -> dict[str, object]:
    """Return the mapping in a sweep file that is read as this rule."""
    return {"type": _NAMES[type(rule)], **written(asdict(rule))}


_NAMES = {
    Asha: "asha",
    HyperbandRule: "hyperband",
    Median: "median",
    Percentile: "percentile",
    Patience: "patience",
    Threshold: "threshold",
}

_MIN_ITER = Key("min_iter", whole(1), "The first rung, in reports of the metric (default: 1).")
_ETA = Key("eta", number(above=1), "At each rung the best of so many trials goes on (default: 3).")
_WARMUP = Key("warmup", whole(0), "No trial is stopped within its first so many reports (default: 0).")
_MEDIAN = (
    Key("startup", whole(0), "Nothing is stopped before so many trials have ended (default: 5)."),
    _WARMUP,
    Key("every", whole(1), "How many reports there are from one look to the next (default: 1)."),
)
_ASHA = (
    _MIN_ITER,
    Key("max_iter", whole(1), "Where the rungs end, in reports of the metric (default: nowhere)."),
    _ETA,
    Key("brackets", whole(1), "How many brackets there are, each beginning a rung higher (default: 1)."),
)
_HYPERBAND = (
    _MIN_ITER,
    Key(
        "max_iter",
        whole(1),
        "How often a whole trial reports the metric.",
        "needs max_iter; write how often a whole trial logs the metric",
    ),
    _ETA,
)
_PERCENTILE = (
    Key("percentile", number(above=0, below=100), "How many percent of the trials go on (default: 25)."),
    *_MEDIAN,
)
_PATIENCE = (
    Key(
        "iterations",
        whole(1),
        "How many reports in a row may bring nothing better.",
        "needs iterations; write how many reports in a row may bring nothing better",
    ),
    Key("delta", number(least=0), "By how much a value must beat the best to count (default: 0)."),
)
_THRESHOLD = (
    Key("lower", number(), "A trial whose metric falls below this is stopped."),
    Key("upper", number(), "A trial whose metric rises above this is stopped."),
    _WARMUP,
)
_STOPS_ONLY = {"mode": "remove it; a trial that is stopped is not taken up again"}

_TYPES: dict[str, Kind[PrunerRule]] = {
    "asha": record(Asha, _ASHA, refused=_STOPS_ONLY),
    "hyperband": record(HyperbandRule, _HYPERBAND, refused=_STOPS_ONLY),
    "median": record(Median, _MEDIAN),
    "percentile": record(Percentile, _PERCENTILE),
    "patience": record(Patience, _PATIENCE),
    "threshold": record(Threshold, _THRESHOLD, more={"anyOf": [given("lower"), given("upper")]}),
}

RULES = tuple(_TYPES)
PRUNER: Kind[PrunerRule] = variants("type", _TYPES, "needs a type; write type: asha, or another rule")
