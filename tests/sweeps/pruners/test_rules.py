"""What each rule does where no peer is its judge, and what it says of itself."""

from __future__ import annotations

import math
import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweeps.config import Asha, EarlyTerminate, HyperbandRule, Median, Patience, Percentile, Threshold
from sweeps.errors import InvalidSweep
from sweeps.pruners import Pruner, Rule, describe, make_pruner, ranked, rungs
from sweeps.pruners.curve import Curve
from sweeps.pruners.hyperband import HyperbandPruner, shares
from sweeps.pruners.ranked import Ranked

losses = st.integers(-3, 3).map(float) | st.floats(allow_nan=False)


def answers(pruner: Pruner, number: int, *curve: float) -> list[bool]:
    """Report a curve from its first iteration on."""
    return [pruner.report(number, iteration, 0, loss) for iteration, loss in enumerate(curve, 1)]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (Asha(max_iter=27), (1, 3, 9)),
        (Asha(max_iter=28), (1, 3, 9, 27)),
        (Asha(min_iter=2, max_iter=10, eta=1.5), (2, 3, 4, 6)),
        (Asha(max_iter=6, eta=1.01), (1, 2, 3, 4, 5)),
        (Asha(max_iter=1), ()),
        (HyperbandRule(max_iter=20, min_iter=2), (2, 6, 18)),
        (EarlyTerminate(max_iter=27, s=2), (3, 9)),
        (EarlyTerminate(max_iter=10, s=9, eta=2), (1, 2, 5)),
        (EarlyTerminate(max_iter=2, s=1), ()),
        (Median(), ()),
        (Threshold(lower=0), ()),
    ],
)
def test_rungs(rule: Rule, expected: tuple[int, ...]) -> None:
    assert rungs(rule) == expected


def test_rungs_without_an_end_are_enough_for_any_trial() -> None:
    assert rungs(Asha())[:6] == rungs(EarlyTerminate(min_iter=1))[:6] == (1, 3, 9, 27, 81, 243)
    assert rungs(Asha())[-1] > 10**15
    # With a factor so small, the first hundred iterations are all rungs.
    assert rungs(Asha(eta=1.0001)) == tuple(range(1, 101))
    assert rungs(EarlyTerminate(min_iter=3, eta=1.5))[:8] == (3, 4, 6, 10, 15, 22, 34, 51)
    assert rungs(EarlyTerminate(min_iter=1, eta=1e300)) == (1,)


def test_asha_lets_one_in_eta_pass_and_the_first_always() -> None:
    pruner = make_pruner(Asha(max_iter=9), "minimize")
    stopped = [
        pruner.report(number, 1, 0, loss) for number, loss in enumerate([5.0, 6.0, 4.0, 4.5, 4.0, 3.0, 3.5, 3.6])
    ]
    # What equals the best passes; of six to eight the two best do.
    assert stopped == [False, True, False, True, False, False, False, True]


def test_asha_takes_no_notice_of_steps_and_of_what_is_between_rungs() -> None:
    pruner = make_pruner(Asha(min_iter=3, max_iter=9), "minimize")
    assert answers(pruner, 0, 1.0, 1.0, 1.0) == [False, False, False]
    assert answers(pruner, 1, math.nan, 9.0, 0.5, 9.0, 9.0) == [False] * 5
    assert answers(pruner, 2, 0.0, 0.0, 2.0, 0.0) == [False, False, True, False]


def test_at_max_iter_a_trial_is_over_anyway() -> None:
    for rule in (Asha(max_iter=3), HyperbandRule(max_iter=3)):
        pruner = make_pruner(rule, "minimize")
        assert answers(pruner, 0, 1.0, 1.0, 1.0) == answers(pruner, 0, 1.0, 1.0, 9.0) == [False] * 3


def test_a_loss_at_a_rung_counts_until_it_is_reported_again() -> None:
    pruner = make_pruner(Asha(max_iter=3), "minimize")
    assert answers(pruner, 0, 1.0) == [False]
    assert answers(pruner, 1, 2.0) == [True]
    assert answers(pruner, 0, math.nan) == [True]
    # Nan is no measure for others, so trial 1 is alone there.
    assert answers(pruner, 1, 2.0) == [False]


def test_the_rungs_of_brackets_are_apart() -> None:
    pruner = make_pruner(Asha(max_iter=27, brackets=2), "minimize")
    assert isinstance(pruner, HyperbandPruner)
    early, late = ([number for number in range(40) if pruner.bracket(number) == each] for each in (0, 1))
    assert answers(pruner, early[0], 1.0) == [False]
    assert answers(pruner, early[1], 2.0) == [True]
    assert answers(pruner, late[0], 9.0, 9.0, 9.0) == [False] * 3
    assert answers(pruner, late[1], 9.0, 9.0, 10.0) == [False, False, True]


@pytest.mark.parametrize(("eta", "count"), [(3, 4), (2, 6), (1.5, 3)])
def test_every_run_of_trials_meets_the_brackets_in_their_proportions(eta: float, count: int) -> None:
    pruner = HyperbandPruner((), eta, count)
    sizes = shares(eta, count)
    for first in (0, 1000, 10**9):
        seen = Counter(pruner.bracket(first + number) for number in range(200))
        assert all(abs(seen[each] - 200 * size / sum(sizes)) < 6 for each, size in enumerate(sizes))


def test_infinite_losses_are_a_percentile_like_others() -> None:
    pruner = make_pruner(Percentile(percentile=75.0, startup=1), "minimize")
    for number, loss in enumerate([1.0, 2.0, math.inf]):
        pruner.report(number, 1, 0, loss)
        pruner.end(number, complete=True)
    # Half way from a number to infinity is infinity: nothing is above it.
    assert answers(pruner, 3, math.inf) == answers(pruner, 4, 1e300) == [False]


def test_patience_ends_with_a_trial_that_reports_nothing_but_nan() -> None:
    pruner = make_pruner(Patience(1), "minimize")
    assert answers(pruner, 0, 1.0, math.nan, math.nan, math.nan) == [False, False, True, True]
    assert answers(pruner, 1, 1.0, math.nan, 1.0, math.nan, 1.0) == [False] * 5


@pytest.mark.parametrize("goal", ["minimize", "maximize"])
def test_bounds_are_the_metrics_own_whatever_the_goal(goal: str) -> None:
    sign = -1.0 if goal == "maximize" else 1.0
    pruner = make_pruner(Threshold(lower=0.0, upper=2.0), "maximize" if goal == "maximize" else "minimize")
    told = answers(pruner, 0, *(sign * value for value in (-0.1, 0.0, 1.0, 2.0, 2.1, math.inf, math.nan)))
    assert told == [True, False, False, False, True, True, True]


@pytest.mark.parametrize("rule", [Asha(min_iter=3, max_iter=3), HyperbandRule(max_iter=1)])
def test_a_rule_that_could_stop_nothing_is_refused(rule: Rule) -> None:
    with pytest.raises(InvalidSweep, match=r"^execution.pruner: no trial .* before iteration \d; raise max_iter$"):
        make_pruner(rule, "minimize")


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        (Asha(), "asha: rungs at iterations 1, 3, 9, 27, 81, …; the best 1 in 3 goes on"),
        (
            Asha(max_iter=9, eta=2.5, brackets=2),
            "asha: rungs at iterations 1, 2, 6, in 2 brackets that each begin a rung higher; the best 1 in 2.5 goes on",
        ),
        (
            HyperbandRule(max_iter=9),
            "hyperband: rungs by bracket, of 17 trials 9 with 1, 3; 5 with 3; 3 with none; the best 1 in 3 goes on",
        ),
        (
            EarlyTerminate(min_iter=3),
            "W&B's hyperband: bands at iterations 3, 9, 27, 81, 243, …; the best 1 in 3 goes on, by the value there",
        ),
        (
            Median(startup=4, warmup=2),
            (
                "median: once 4 trials are complete, a trial stops when its best value is worse than the median of"
                " theirs at its iteration, after iteration 2"
            ),
        ),
        (
            Percentile(every=3),
            (
                "percentile: once 5 trials are complete, a trial stops when its best value is worse than the best 25 %"
                " of theirs at its iteration, looked at every 3 iterations"
            ),
        ),
        (Patience(0), "patience: a trial stops when its last value was worse than its best before"),
        (
            Patience(3, 0.1),
            "patience: a trial stops when its last 4 values were worse by more than 0.1 than its best before",
        ),
        (Threshold(upper=2), "threshold: a trial stops when its metric is nan or above 2"),
    ],
)
def test_a_rule_is_told_in_a_line(rule: Rule, said: str) -> None:
    assert describe(rule) == said


@given(puts=st.lists(st.tuples(st.integers(0, 30), st.none() | losses), max_size=120), largest=st.integers(1, 8))
def test_losses_are_in_order(puts: list[tuple[int, float | None]], largest: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ranked, "_LARGEST", largest)
        ours, theirs = Ranked(), dict[int, float]()
        for number, loss in puts:
            if loss is None:
                ours.drop(number)
                theirs.pop(number, None)
            else:
                ours.put(number, loss)
                theirs[number] = loss
            assert [ours[place] for place in range(len(ours))] == sorted(theirs.values())


def test_many_losses_are_in_order() -> None:
    drawn = random.Random(7).choices(range(5000), k=20_000)  # noqa: S311  # losses, no secrets
    found = Ranked()
    for number, loss in enumerate(drawn):
        found.put(number, loss)
    assert [found[place] for place in range(0, 20_000, 500)] == sorted(drawn)[::500]
    with pytest.raises(IndexError):
        found[20_000]


@given(puts=st.lists(st.tuples(st.integers(1, 9), losses | st.just(math.nan), st.integers(1, 9)), max_size=30))
def test_the_best_up_to_an_iteration_is_of_what_was_reported_last(puts: list[tuple[int, float, int]]) -> None:
    curve, newest = Curve(), dict[int, float]()
    for iteration, loss, until in puts:
        curve.put(iteration, loss)
        newest[iteration] = loss
        last = min(until, len(curve.losses))
        known = [each for at, each in newest.items() if at <= last and not math.isnan(each)]
        best = curve.best(last)
        assert best == min(known) if known else math.isnan(best)
