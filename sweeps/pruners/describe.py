"""What a rule does, in a line."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..config import Asha, EarlyTerminate, HyperbandRule, Median, Patience, Percentile, Threshold
from .hyperband import shares
from .rungs import Rule, brackets, rungs

# More rungs than a trial usually reaches would say nothing.
_SHOWN = 5


def describe(rule: Rule) -> str:
    """Say in a line, without a stop at its end, which trials a rule stops and when."""
    match rule:
        case Asha():
            several = f", in {rule.brackets} brackets that each begin a rung higher" if rule.brackets > 1 else ""
            return f"asha: rungs at iterations {_listed(rungs(rule))}{several}; {_best(rule.eta)}"
        case HyperbandRule():
            return f"hyperband: {_brackets(rule)}; {_best(rule.eta)}"
        case EarlyTerminate():
            by = "value there" if rule.strict else "best value so far"
            return f"W&B's hyperband: bands at iterations {_listed(rungs(rule))}; {_best(rule.eta)}, by the {by}"
        case Median() | Percentile():
            return _percentile(rule)
        case Patience():
            worse = f" by more than {rule.delta:g}" if rule.delta else ""
            last = f"last {rule.iterations + 1} values were" if rule.iterations else "last value was"
            return f"patience: a trial stops when its {last} worse{worse} than its best before"
        case Threshold():
            return f"threshold: a trial stops when its metric is {_out_of(rule)}{_after(rule.warmup)}"


def _best(eta: float) -> str:
    return f"the best 1 in {eta:g} goes on"


def _brackets(rule: HyperbandRule) -> str:
    found, sizes = rungs(rule), shares(rule.eta, brackets(rule))
    parts = (f"{size} with {_listed(found[first:]) or 'none'}" for first, size in enumerate(sizes))
    return f"rungs by bracket, of {sum(sizes)} trials {'; '.join(parts)}"


def _percentile(rule: Median | Percentile) -> str:
    name, bar = (
        ("median", "the median") if isinstance(rule, Median) else ("percentile", f"the best {rule.percentile:g} %")
    )
    each = f", looked at every {rule.every} iterations" if rule.every > 1 else ""
    return (
        f"{name}: once {rule.startup} trials are complete, a trial stops when its best value is worse than {bar} of"
        f" theirs at its iteration{_after(rule.warmup)}{each}"
    )


def _out_of(rule: Threshold) -> str:
    bounds = [("below", rule.lower), ("above", rule.upper)]
    return " or ".join(["nan", *(f"{word} {bound:g}" for word, bound in bounds if bound is not None)])


def _after(warmup: int) -> str:
    return f", after iteration {warmup}" if warmup else ""


def _listed(numbers: Iterable[int]) -> str:
    found: Sequence[int] = tuple(numbers)
    return ", ".join(map(str, found[:_SHOWN])) + (", …" if len(found) > _SHOWN else "")
