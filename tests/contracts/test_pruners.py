"""What every pruner keeps to, whatever its rule."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sweeps.config import Asha, EarlyTerminate, HyperbandRule, Median, Patience, Percentile, Threshold
from sweeps.pruners import Pruner, Rule, make_pruner

RULES: dict[str, Rule] = {
    "asha": Asha(max_iter=27),
    "asha, endless, a broken factor": Asha(min_iter=2, eta=1.5),
    "asha in brackets": Asha(eta=2, brackets=3),
    "hyperband": HyperbandRule(max_iter=9),
    "W&B's, strict": EarlyTerminate(min_iter=1, eta=2),
    "W&B's, loose": EarlyTerminate(max_iter=9, s=3, eta=1.7, strict=False),
    "median": Median(startup=2),
    "percentile": Percentile(percentile=40.0, startup=1, warmup=1, every=2),
    "patience": Patience(iterations=2, delta=1.0),
    "threshold": Threshold(lower=-5.0, upper=5.0, warmup=1),
}
# What a rule of bounds says has nothing to do with how others fare.
ABSOLUTE = {"threshold"}

Make = Callable[[], Pruner]
losses = st.one_of(
    st.integers(-3, 3).map(float), st.floats(allow_nan=True), st.sampled_from([math.nan, math.inf, -math.inf])
)
lively = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@dataclass(frozen=True)
class Life:
    """What one trial does: the attempts' reports, each from an iteration on, and how it ends (None: it runs on)."""

    attempts: Sequence[tuple[int, Sequence[float]]]
    complete: bool | None

    @property
    def reports(self) -> list[tuple[int, float]]:
        """Every report, in order."""
        return [(first + at, loss) for first, curve in self.attempts for at, loss in enumerate(curve)]

    @property
    def newest(self) -> list[tuple[int, float]]:
        """The newest report of each iteration, by iteration."""
        return sorted(dict(self.reports).items())


@st.composite
def lives(draw: st.DrawFn) -> Life:
    """Draw a life; a later attempt begins at 1, or after a checkpoint that an earlier one had reached."""
    attempts: list[tuple[int, Sequence[float]]] = []
    reached = 0
    for _ in range(draw(st.integers(1, 3))):
        first = draw(st.integers(1, reached + 1))
        curve = draw(st.lists(losses, max_size=10))
        attempts.append((first, curve))
        reached = max(reached, first + len(curve) - 1)
    return Life(attempts, draw(st.none() | st.booleans()))


@pytest.fixture(params=list(RULES))
def name(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    return found


@pytest.fixture
def make(name: str) -> Make:
    return lambda: make_pruner(RULES[name], "minimize")


def play(pruner: Pruner, trials: Sequence[Life], order: Sequence[int], *, newest: bool = False) -> None:
    """Tell the reports: an order says which trial is next, what it leaves out follows; each trial's are in order."""
    waiting = [[*(life.newest if newest else life.reports)] for life in trials]
    for number in [*order, *(number for number, reports in enumerate(waiting) for _ in reports)]:
        if number < len(trials) and waiting[number]:
            iteration, loss = waiting[number].pop(0)
            pruner.report(number, iteration, iteration * 100, loss)
            if not waiting[number]:
                end(pruner, number, trials[number])
    for number, life in enumerate(trials):
        if not life.reports:
            end(pruner, number, life)


def end(pruner: Pruner, number: int, life: Life) -> None:
    if life.complete is not None:
        pruner.end(number, complete=life.complete)


def probe(pruner: Pruner, trials: Sequence[Life], curve: Sequence[float]) -> list[bool]:
    """Let the trials that run go on, and one more than there are begin; return what it says to each report."""
    running = [number for number, life in enumerate(trials) if life.complete is None]
    reached = {number: max(dict(trials[number].reports), default=0) for number in running}
    return [
        pruner.report(number, reached.get(number, 0) + at, 0, loss)
        for at, loss in enumerate(curve, 1)
        for number in (*running, len(trials))
    ]


@lively
@given(trials=st.lists(lives(), max_size=6), order=st.lists(st.integers(0, 5), max_size=60), curve=st.lists(losses))
def test_a_pruner_made_anew_goes_on_as_if_nothing_had_happened(
    make: Make, trials: list[Life], order: list[int], curve: list[float]
) -> None:
    first, again = make(), make()
    play(first, trials, order)
    # After a restart the newest reports are told, trial by trial.
    play(again, trials, [], newest=True)
    assert probe(first, trials, curve) == probe(again, trials, curve)


@lively
@given(trials=st.lists(lives(), max_size=6), data=st.data())
def test_a_retry_is_judged_by_what_it_reports_itself(make: Make, trials: list[Life], data: st.DataObject) -> None:
    """What an earlier attempt had reported of an iteration does not count once it is reported again."""
    curve = data.draw(st.lists(losses, min_size=1, max_size=10))
    before = data.draw(st.lists(losses, max_size=len(curve)))
    pruner, other = make(), make()
    for each in (pruner, other):
        play(each, trials, [])
    number = len(trials)
    for iteration, loss in enumerate(before, 1):
        pruner.report(number, iteration, 0, loss)
    for iteration, loss in enumerate(curve, 1):
        other.report(number, iteration, 0, loss)
        pruner.report(number, iteration, 0, loss)
    after = data.draw(st.lists(losses, max_size=5))
    for iteration, loss in enumerate(after, len(curve) + 1):
        assert pruner.report(number, iteration, 0, loss) is other.report(number, iteration, 0, loss)


@lively
@given(trials=st.lists(lives(), max_size=6), order=st.lists(st.integers(0, 5), max_size=60))
def test_the_best_trial_of_all_is_never_stopped(name: str, make: Make, trials: list[Life], order: list[int]) -> None:
    pruner = make()
    play(pruner, trials, order)
    # W&B takes no notice of what is infinite.
    best = -sys.float_info.max if name.startswith("W&B") else -math.inf
    stopped = any(pruner.report(len(trials), at, at, best) for at in range(1, 30))
    assert stopped is (name in ABSOLUTE)


@lively
@given(count=st.integers(1, 60), start=st.floats(-4, 4))
def test_a_lone_trial_that_gets_better_is_never_stopped(make: Make, count: int, start: float) -> None:
    pruner = make()
    assert not any(pruner.report(0, at, at, start - at / 100) for at in range(1, count + 1))


def test_a_trial_that_gets_worse_than_all_others_is_stopped(make: Make) -> None:
    pruner = make()
    for number in range(40):
        for at in range(1, 27):
            pruner.report(number, at, at, -at / 10)
        pruner.end(number, complete=True)
    # Not in hyperband's brackets that begin late, so several trials are given.
    assert any(pruner.report(number, at, at, at * 1.0) for number in range(40, 44) for at in range(1, 27))


@pytest.mark.parametrize("name", sorted(RULES.keys() - ABSOLUTE))
def test_losses_are_turned_already_whatever_the_goal(name: str) -> None:
    one, other = make_pruner(RULES[name], "minimize"), make_pruner(RULES[name], "maximize")
    for number in range(30):
        for at in range(1, 12):
            loss = math.sin(number * at)
            assert one.report(number, at, at, loss) is other.report(number, at, at, loss)
        one.end(number, complete=True)
        other.end(number, complete=True)
