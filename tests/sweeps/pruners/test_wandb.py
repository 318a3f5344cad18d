"""W&B's rule, held to a second implementation that counts everything anew at each report."""

from __future__ import annotations

import math
from collections import defaultdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sweeps.config import EarlyTerminate
from sweeps.errors import InvalidSweep
from sweeps.pruners import Pruner, make_pruner, rungs

RULES = st.builds(
    EarlyTerminate, min_iter=st.integers(1, 4), eta=st.sampled_from([1.2, 1.5, 2, 3, 4]), strict=st.booleans()
) | st.builds(
    EarlyTerminate,
    max_iter=st.integers(6, 30),
    s=st.integers(1, 4),
    eta=st.sampled_from([1.2, 1.5, 2, 3, 4]),
    strict=st.booleans(),
)
losses = st.integers(-5, 5).map(float) | st.floats(allow_nan=True, allow_infinity=True)


class Judge:
    """W&B's rule by its words: no state but what was logged."""

    def __init__(self, rule: EarlyTerminate) -> None:
        self.rule = rule
        if rule.min_iter is not None:
            self.bands = [int(rule.min_iter * rule.eta**i) for i in range(100)]
        else:
            fractions = [(rule.max_iter or 0) / rule.eta**i for i in range(1, (rule.s or 0) + 1)]
            self.bands = sorted(int(each) for each in fractions if each >= 1)
        self.logged: defaultdict[int, dict[int, float]] = defaultdict(dict)

    def report(self, number: int, iteration: int, loss: float) -> bool:
        self.logged[number][iteration] = loss
        mine = self.history(number, iteration)
        reached = [band for band in self.bands if band <= len(mine)]
        if not reached:
            return False
        histories = [self.history(each) for each in self.logged]
        there = sorted(history[reached[-1] - 1] for history in histories if len(history) >= reached[-1])
        threshold = there[int(1.0 / self.rule.eta * len(there))]
        return (mine[reached[-1] - 1] if self.rule.strict else min(mine)) > threshold

    def history(self, number: int, until: float = math.inf) -> list[float]:
        logged = sorted(self.logged[number].items())
        return [loss for iteration, loss in logged if iteration <= until and math.isfinite(loss)]


@settings(deadline=None)
@given(rule=RULES, data=st.data())
def test_every_answer_is_wandbs(rule: EarlyTerminate, data: st.DataObject) -> None:
    pruner, judge = make_pruner(rule, "minimize"), Judge(rule)
    iterations: defaultdict[int, int] = defaultdict(int)
    events = st.tuples(st.integers(0, 3), losses, st.integers(0, 9))
    for number, loss, retry in data.draw(st.lists(events, min_size=20, max_size=80)):
        # Now and then a trial begins again, or a little further back.
        iterations[number] = (
            1 if retry == 9 else max(iterations[number] - 2, 1) if retry == 8 else iterations[number] + 1
        )
        answer = pruner.report(number, iterations[number], 0, loss)
        assert answer is judge.report(number, iterations[number], loss)


@settings(deadline=None)
@given(rule=RULES)
def test_bands_are_wandbs(rule: EarlyTerminate) -> None:
    ours, theirs = rungs(rule), sorted(set(Judge(rule).bands))
    # Powers taken one by one or at once may differ in the last digit, from where a float is exact no more.
    assert [each for each in ours if each < 10**12] == pytest.approx([each for each in theirs if each < 10**12], abs=1)
    assert [each for each in ours if each < 10**6] == [each for each in theirs if each < 10**6]


def told(pruner: Pruner, number: int, *curve: float) -> list[bool]:
    """Report a curve from its first iteration on."""
    return [pruner.report(number, iteration, iteration, loss) for iteration, loss in enumerate(curve, 1)]


def test_at_a_band_counts_the_value_logged_as_that_number() -> None:
    pruner = make_pruner(EarlyTerminate(min_iter=3), "minimize")
    assert told(pruner, 0, 9.0, 9.0, 1.0, 9.0) == [False] * 4
    assert told(pruner, 1, 0.0, 0.0, 2.0, 0.0) == [False, False, True, True]


def test_a_trial_is_stopped_later_when_others_have_passed_it_by() -> None:
    pruner = make_pruner(EarlyTerminate(min_iter=1), "minimize")
    assert told(pruner, 0, 5.0) == told(pruner, 1, 1.0) == told(pruner, 2, 1.0) == [False]
    # It stands at its last band as it did, whatever it logs now.
    assert pruner.report(0, 2, 2, 0.0)


def test_the_best_value_so_far_saves_a_trial_only_when_the_rule_is_loose() -> None:
    for strict in (True, False):
        pruner = make_pruner(EarlyTerminate(min_iter=2, strict=strict), "minimize")
        for number in (0, 1, 2):
            assert told(pruner, number, 2.0, 2.0) == [False, False]
        assert told(pruner, 3, 1.0, 3.0) == [False, strict]


def test_values_that_are_not_finite_do_not_count() -> None:
    pruner = make_pruner(EarlyTerminate(min_iter=2), "minimize")
    assert told(pruner, 0, 1.0, 1.0) == [False, False]
    assert told(pruner, 1, math.nan, math.inf, 5.0, -math.inf, 5.0) == [False, False, False, False, True]


def test_a_retry_is_judged_by_its_history_up_to_where_it_is() -> None:
    pruner = make_pruner(EarlyTerminate(min_iter=2), "minimize")
    assert told(pruner, 0, 1.0, 1.0) == [False, False]
    assert told(pruner, 1, 2.0, 2.0) == [False, True]
    assert told(pruner, 1, 0.5, 0.5) == [False, False]
    # Without its second value it has not reached the band, and is no measure for others there.
    assert not pruner.report(1, 2, 2, math.nan)
    assert not pruner.report(0, 3, 3, 1.0)


def test_a_loose_retry_is_not_saved_by_what_an_earlier_attempt_reached_later() -> None:
    pruner = make_pruner(EarlyTerminate(min_iter=2, strict=False), "minimize")
    assert told(pruner, 0, 1.0, 1.0) == [False, False]
    assert told(pruner, 1, 2.0, 1.0, 0.5) == [False, False, False]
    assert told(pruner, 1, 2.0, 2.0) == [False, True]


def test_a_rule_without_a_band_is_refused() -> None:
    with pytest.raises(InvalidSweep, match=r"^early_terminate: no trial .* iteration 2; raise max_iter$"):
        make_pruner(EarlyTerminate(max_iter=2, s=3), "minimize")
