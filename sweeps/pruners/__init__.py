"""Pruners, by the rules that users write: which trials to stop early."""

from __future__ import annotations

import math

from ..config import Asha, EarlyTerminate, HyperbandRule, Median, Patience, Percentile, Threshold
from ..errors import InvalidSweep
from ..trial import Goal
from .asha import AshaPruner
from .describe import describe
from .hyperband import HyperbandPruner
from .interface import Pruner
from .median import MedianPruner
from .patience import PatiencePruner
from .percentile import PercentilePruner
from .rungs import Halving, Rule, brackets, rungs
from .threshold import ThresholdPruner
from .wandb import WandbPruner

__all__ = ["Pruner", "Rule", "describe", "make_pruner", "rungs"]


def make_pruner(rule: Rule, goal: Goal) -> Pruner:
    """Make the pruner that keeps a rule. It hears losses: of a metric to maximize, the negative.

    Raises:
        InvalidSweep: the rule could never stop a trial, as it has no rung.
    """
    match rule:
        case Asha() | HyperbandRule() | EarlyTerminate():
            return _halving(rule)
        case Median():
            return MedianPruner(rule.startup, rule.warmup, rule.every)
        case Percentile():
            return PercentilePruner(rule.percentile, rule.startup, rule.warmup, rule.every)
        case Patience():
            return PatiencePruner(rule.iterations, rule.delta)
        case Threshold():
            return ThresholdPruner(*_bounds(rule, goal), rule.warmup)


def _halving(rule: Halving) -> Pruner:
    if not (found := rungs(rule)):
        where = "early_terminate" if isinstance(rule, EarlyTerminate) else "execution.pruner"
        problem = f"no trial would ever be stopped before iteration {rule.max_iter}; raise max_iter"
        raise InvalidSweep(problem, where=where)
    if isinstance(rule, EarlyTerminate):
        return WandbPruner(found, rule.eta, strict=rule.strict)
    count = brackets(rule)
    return AshaPruner(found, rule.eta) if count == 1 else HyperbandPruner(found, rule.eta, count)


def _bounds(rule: Threshold, goal: Goal) -> tuple[float, float]:
    """Return the least and the largest loss of the metric's range."""
    lower = -math.inf if rule.lower is None else rule.lower
    upper = math.inf if rule.upper is None else rule.upper
    return (-upper, -lower) if goal == "maximize" else (lower, upper)
