"""When a sweep ends before its last trial."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from .duration import DURATION
from .keys import Key, record, written
from .kinds import Kind, number, whole


@dataclass(frozen=True, slots=True)
class Plateau:
    """So many `trials` in a row of which none got better than the best before by more than `delta`."""

    trials: int
    delta: float = 0.0


@dataclass(frozen=True, slots=True)
class Stop:
    """The sweep ends `after` so many seconds, when all trials have come to so many `steps`, or on a plateau.

    `steps` counts the reports of the metric of all trials together.
    """

    after: float | None = None
    steps: int | None = None
    plateau: Plateau | None = None

    def to_mapping(self) -> dict[str, object] | None:
        """Return the mapping in a sweep file that is read as this; None where there is nothing to say."""
        return written(asdict(self)) or None


_PLATEAU = record(
    Plateau,
    (
        Key(
            "trials",
            whole(1),
            "How many trials in a row may bring nothing better.",
            "needs trials; write how many trials in a row may bring nothing better",
        ),
        Key("delta", number(least=0), "By how much a trial must beat the best to count (default: 0)."),
    ),
)
_KEYS = (
    Key("after", DURATION, "How long the sweep may take: seconds, or a length such as 12h."),
    Key("steps", whole(1), "How many reports of the metric all trials together may come to."),
    Key("plateau", _PLATEAU, "End when so many trials in a row bring nothing better."),
)

STOP: Kind[Stop] = record(Stop, _KEYS)
