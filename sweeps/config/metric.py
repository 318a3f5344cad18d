"""What a sweep is for."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal, get_args

from ..trial import Goal
from .keys import Key, record, written
from .kinds import TEXT, Kind, choice, number

Impute = Literal["latest", "best", "worst"]
GOALS: tuple[Goal, ...] = get_args(Goal)
IMPUTES: tuple[Impute, ...] = get_args(Impute)


@dataclass(frozen=True, slots=True)
class Metric:
    """The metric to make small or large; the sweep ends when a trial reaches `target`.

    `impute` is the value that the search is told of a trial that failed, and `impute_while_running` of one that
    still runs: its own newest or best value, or the worst of all trials. None: it is told none.
    """

    name: str
    goal: Goal = "minimize"
    target: float | None = None
    impute: Impute | None = None
    impute_while_running: Impute | None = None

    def to_mapping(self) -> dict[str, object]:
        """Return the mapping in a sweep file that is read as this metric."""
        return written(asdict(self))


_WHILE_RUNNING = choice("impute_while_running", IMPUTES)


def _while_running(value: object) -> Impute | None:
    # W&B's own word for none is the text "false".
    return None if value is False or value == "false" else _WHILE_RUNNING.read(value)


_KEYS = (
    Key("name", TEXT, "The name that trials log it by.", "needs a name; write the name that the trials log it by"),
    Key("goal", choice("goal", GOALS), "Whether smaller or larger is better (default: minimize)."),
    Key("target", number(), "The sweep ends when a trial reaches this value."),
    Key("impute", choice("impute", IMPUTES), "What the search is told of a trial that failed (default: nothing)."),
    Key(
        "impute_while_running",
        Kind(_while_running, {"enum": [*IMPUTES, "false", False]}),
        "What the search is told of a trial that still runs (default: false, nothing).",
    ),
)

METRIC: Kind[Metric] = record(Metric, _KEYS)
