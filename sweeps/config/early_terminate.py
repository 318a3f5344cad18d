"""W&B's rule for stopping trials early."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import InvalidSweep
from ..space.faults import refuse_unknown, shown
from . import fields
from .fields import Data


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


def parse(rule: Data) -> EarlyTerminate:
    """Read the `early_terminate` mapping; raises InvalidSweep with a place relative to it."""
    refuse_unknown(rule, ("type", "min_iter", "max_iter", "s", "eta", "strict"))
    _check_type(rule)
    _check_iterations(rule)
    strict = fields.flag(rule, "strict")
    return EarlyTerminate(
        min_iter=fields.whole(rule, "min_iter", 1),
        max_iter=fields.whole(rule, "max_iter", 1),
        s=fields.whole(rule, "s", 1),
        eta=_eta(rule),
        strict=True if strict is None else strict,
    )


def _check_type(rule: Data) -> None:
    if fields.choice(rule, "type", ("hyperband",)) is None:
        problem = "needs a type; write type: hyperband"
        raise InvalidSweep(problem)


def _check_iterations(rule: Data) -> None:
    given = [key for key in ("min_iter", "max_iter", "s") if rule.get(key) is not None]
    if given not in (["min_iter"], ["max_iter", "s"]):
        problem = f"needs either min_iter, or max_iter with s; it has {', '.join(given) or 'neither'}"
        raise InvalidSweep(problem)


def _eta(rule: Data) -> float:
    eta = fields.number(rule, "eta")
    if eta is not None and eta <= 1:
        problem = f"must be above 1, not {shown(eta)}; one trial in eta goes up a rung"
        raise InvalidSweep(problem, where="eta")
    return 3 if eta is None else eta
