"""W&B's rule for stopping trials early."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from ..errors import InvalidSweep
from .keys import Key, given, record, variants, written
from .kinds import FLAG, Kind, number, whole
from .pruner import RULES


@dataclass(frozen=True, slots=True)
class EarlyTerminate:
    """Hyperband: its rungs go up from `min_iter`, or `s` times down from `max_iter`.

    `eta` is the reduction factor; `strict` compares the value at the rung and not the best value so far.
    """

    min_iter: int | None = None
    max_iter: int | None = None
    s: int | None = None
    eta: float = 3
    strict: bool = True

    def __post_init__(self) -> None:
        parts = {"min_iter": self.min_iter, "max_iter": self.max_iter, "s": self.s}
        if list(written(parts)) not in (["min_iter"], ["max_iter", "s"]):
            problem = f"needs either min_iter, or max_iter with s; it has {', '.join(written(parts)) or 'neither'}"
            raise InvalidSweep(problem)

    def to_mapping(self) -> dict[str, object]:
        """Return the mapping in a sweep file that is read as this rule."""
        return {"type": "hyperband", **written(asdict(self))}


_KEYS = (
    Key("min_iter", whole(1), "The first rung; each next one is eta times as far."),
    Key("max_iter", whole(1), "How far a whole trial runs; the rungs are this divided by eta, s times. Needs s."),
    Key("s", whole(1), "How many rungs there are below max_iter."),
    Key("eta", number(above=1), "At each rung the best of so many trials goes on (default: 3)."),
    Key("strict", FLAG, "Compare the value at the rung, not the best value so far (default: true)."),
)
_TOGETHER = {
    "oneOf": [
        {**given("min_iter"), "not": {"anyOf": [given("max_iter"), given("s")]}},
        {**given("max_iter", "s"), "not": given("min_iter")},
    ]
}

_RULES = variants(
    "type", {"hyperband": record(EarlyTerminate, _KEYS, more=_TOGETHER)}, "needs a type; write type: hyperband"
)


def _read(value: object) -> EarlyTerminate:
    name = value.get("type") if isinstance(value, Mapping) else None
    if name in RULES and name != "hyperband":
        problem = f"W&B knows no {name!r}; write it in our own block, execution: {{pruner: {{type: {name}}}}}"
        raise InvalidSweep(problem, where="type")
    return _RULES.read(value)


EARLY_TERMINATE: Kind[EarlyTerminate] = Kind(_read, _RULES.schema)
