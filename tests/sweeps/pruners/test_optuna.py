"""Optuna's pruners as a second judge of the rules that mean the same.

Where ours differ, on purpose, is left out here and tested in `test_rules.py`: at an iteration that is `max_iter`, with
nan in the middle of a curve at a rung, with infinite values in a percentile, and with nothing but nan in patience.
Optuna's steps are our iterations where halving looks at them, and one less where warm-up does.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import Literal

import numpy as np
import optuna
from hypothesis import given, settings
from hypothesis import strategies as st
from optuna.pruners import (
    BasePruner,
    HyperbandPruner,
    MedianPruner,
    PatientPruner,
    PercentilePruner,
    SuccessiveHalvingPruner,
    ThresholdPruner,
)
from optuna.study import Study
from optuna.trial import FrozenTrial, Trial, TrialState

from sweeps import pruners
from sweeps.config import Asha, HyperbandRule, Median, Patience, Percentile, Threshold
from sweeps.pruners import make_pruner
from sweeps.pruners.hyperband import HyperbandPruner as OurHyperband
from sweeps.pruners.hyperband import shares
from sweeps.pruners.percentile import percentile_of
from sweeps.pruners.ranked import Ranked

Goal = Literal["minimize", "maximize"]
# Whose report is next.
Turns = Sequence[tuple[int, float]]
TRIALS, LONGEST, SHORT = 8, 12, 5

optuna.logging.set_verbosity(optuna.logging.ERROR)
goals: st.SearchStrategy[Goal] = st.sampled_from(["minimize", "maximize"])
finite = st.integers(-5, 5).map(float) | st.floats(-100, 100)
any_value = finite | st.just(math.nan)
each_example = settings(max_examples=60, deadline=None)


def turns(values: st.SearchStrategy[float]) -> st.SearchStrategy[Turns]:
    return st.lists(st.tuples(st.integers(0, TRIALS - 1), values), min_size=25, max_size=80)


def compare(
    ours: pruners.Pruner, theirs: BasePruner, goal: Goal, told: Turns, *, first_step: int = 1, longest: int = LONGEST
) -> None:
    """Report to both; a trial that is stopped ends, and so does one that has reported often enough: complete."""
    sign = 1.0 if goal == "minimize" else -1.0
    with warnings.catch_warnings():
        # numpy warns of curves that are all nan.
        warnings.simplefilter("ignore", RuntimeWarning)
        study = optuna.create_study(pruner=theirs, direction=goal)
        trials = [study.ask() for _ in range(TRIALS)]
        reported: list[int | None] = [0] * TRIALS
        for number, value in told:
            so_far = reported[number]
            if so_far is None:
                continue
            trials[number].report(value, so_far + first_step)
            answer = ours.report(number, so_far + 1, so_far + first_step, sign * value)
            assert answer is bool(trials[number].should_prune())
            over = answer or so_far + 1 == longest
            reported[number] = None if over else so_far + 1
            if over:
                end(study, trials[number], ours, complete=not answer)


def end(study: Study, trial: Trial, ours: pruners.Pruner, *, complete: bool) -> None:
    ours.end(trial.number, complete=complete)
    if complete:
        study.tell(trial, 0.0)
    else:
        study.tell(trial, state=TrialState.PRUNED)


@each_example
@given(goal=goals, told=turns(any_value), first=st.integers(1, 3), eta=st.integers(2, 4))
def test_asha_stops_as_optunas_successive_halving_does(goal: Goal, told: Turns, first: int, eta: int) -> None:
    theirs = SuccessiveHalvingPruner(min_resource=first, reduction_factor=eta)
    compare(make_pruner(Asha(first, None, eta), goal), theirs, goal, told)


class InOurBrackets(HyperbandPruner):
    """Optuna's hyperband, which spreads trials over brackets by a hash of the study's name, with our spread."""

    def __init__(self, rule: HyperbandRule) -> None:
        super().__init__(rule.min_iter, rule.max_iter, int(rule.eta))
        self.ours = make_pruner(rule, "minimize")

    def _get_bracket_id(self, study: Study, trial: FrozenTrial) -> int:  # noqa: ARG002  # Optuna's signature
        assert isinstance(self.ours, OurHyperband)
        return self.ours.bracket(trial.number)


@each_example
@given(goal=goals, told=turns(any_value), first=st.integers(1, 2), most=st.sampled_from([13, 17, 20, 26, 30]))
def test_hyperband_stops_as_optunas_does_in_the_same_brackets(goal: Goal, told: Turns, first: int, most: int) -> None:
    rule = HyperbandRule(max_iter=most, min_iter=first)
    compare(make_pruner(rule, goal), InOurBrackets(rule), goal, told)


@given(eta=st.integers(2, 5), count=st.integers(1, 6))
def test_brackets_have_the_sizes_that_optunas_have(eta: int, count: int) -> None:
    theirs = HyperbandPruner(1, eta**count, eta)
    theirs._n_brackets = count
    assert shares(eta, count) == [theirs._calculate_trial_allocation_budget(each) for each in range(count)]


@each_example
@given(goal=goals, told=turns(any_value), startup=st.integers(0, 3), warmup=st.integers(0, 4), every=st.integers(1, 3))
def test_the_median_is_optunas(goal: Goal, told: Turns, startup: int, warmup: int, every: int) -> None:
    theirs = MedianPruner(startup, warmup, every)
    ours = make_pruner(Median(startup, warmup, every), goal)
    compare(ours, theirs, goal, told, first_step=0, longest=SHORT)


@each_example
@given(goal=goals, told=turns(any_value), percentile=st.floats(0, 100), startup=st.integers(0, 2))
def test_the_percentile_is_optunas(goal: Goal, told: Turns, percentile: float, startup: int) -> None:
    theirs = PercentilePruner(percentile, startup)
    ours = make_pruner(Percentile(percentile, startup), goal)
    compare(ours, theirs, goal, told, first_step=0, longest=SHORT)


@each_example
@given(goal=goals, told=turns(finite), iterations=st.integers(0, 4), delta=st.sampled_from([0.0, 0.5, 3.0]))
def test_patience_is_optunas(goal: Goal, told: Turns, iterations: int, delta: float) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        theirs = PatientPruner(None, iterations, delta)
    compare(make_pruner(Patience(iterations, delta), goal), theirs, goal, told)


@each_example
@given(goal=goals, told=turns(any_value | st.sampled_from([math.inf, -math.inf])), warmup=st.integers(0, 4))
def test_the_threshold_is_optunas(goal: Goal, told: Turns, warmup: int) -> None:
    for lower, upper in ((-2.0, 3.0), (None, 0.0), (0.0, None)):
        theirs = ThresholdPruner(lower, upper, warmup)
        compare(make_pruner(Threshold(lower, upper, warmup), goal), theirs, goal, told, first_step=0)


@given(values=st.lists(finite, min_size=1), percentile=st.floats(0, 100))
def test_percentiles_are_numpys_to_the_last_digit(values: list[float], percentile: float) -> None:
    column = Ranked()
    for number, value in enumerate(values):
        column.put(number, value)
    assert percentile_of(column, percentile) == np.percentile(values, percentile)
