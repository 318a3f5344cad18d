"""The study beside a naive model of it: all that has happened is kept, and everything is worked out anew from that."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sweeps.config import Asha, EarlyTerminate, HyperbandRule, Median, Patience, Threshold
from sweeps.config.metric import IMPUTES
from sweeps.config.retries import OWN_FAULTS, Retries
from sweeps.config.stop import Plateau, Stop
from sweeps.errors import SweepError
from sweeps.pruners import Rule, make_pruner
from sweeps.samplers import Params, Proposal, Told, make_sampler
from sweeps.space import Space
from sweeps.study import PastTrial, Rules, Study, Verdict, past_trial
from sweeps.study.record import attempt_tags, trial_tags, verdict_tags
from sweeps.study.rules import FIRST_FAILURES
from sweeps.trial import Cause, Goal, Outcome, Report, TrialState, trial_seed
from tracker import RunInfo, RunStatus

ENDS = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAILED, TrialState.KILLED)
SETTLED = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAILED)
COUNTING = (TrialState.COMPLETE, TrialState.PRUNED)
GOALS: tuple[Goal, Goal] = ("minimize", "maximize")
LIMITS = {Cause.PREEMPTED: 10, Cause.LOST: 10}

Move = tuple[object, ...]

values = st.one_of(st.floats(width=16), st.sampled_from([0.0, -0.0, 0.25, 0.5, 1.0, 1e308]))
picks = st.integers(0, 99)
ask = st.tuples(st.just("ask"))
launch = st.tuples(st.just("launch"), picks)
report = st.tuples(st.just("report"), picks, st.integers(0, 6), values)


def end_with(states: Sequence[TrialState]) -> st.SearchStrategy[Move]:
    causes = st.none() | st.sampled_from(Cause)
    return st.tuples(st.just("end"), picks, st.sampled_from(states), causes, st.none() | values)


late = st.tuples(st.just("late"), picks, st.integers(-3, -1), values)
spend = st.tuples(st.just("spend"), st.sampled_from([0.0, 1.0, 5.0]))
stop = st.tuples(st.just("stop"))
start = st.tuples(st.just("start"))


def many_moves(seed: int) -> list[Move]:
    """Draw some dozens of moves by which a sweep goes on; strategies alone mostly make sequences of a few."""
    dice = random.Random(seed)  # noqa: S311  # a test

    def move() -> Move:
        kind, pick = (
            dice.choice(["start", "start", "launch", "report", "report", "report", "end", "late"]),
            dice.randrange(99),
        )
        facts: dict[str, Move] = {
            "launch": (pick,),
            "report": (pick, dice.randint(0, 6), dice.choice([math.nan, -math.inf, dice.gauss(0, 1)])),
            "end": (pick, dice.choice(SETTLED), dice.choice([None, *Cause]), dice.choice([None, dice.gauss(0, 1)])),
            "late": (pick, -dice.randint(1, 3), 0.0),
        }
        return (kind, *facts.get(kind, ()))

    return [move() for _ in range(dice.randint(20, 80))]


# Those by which a sweep goes on.
usual = st.one_of(start, ask, launch, report, report, end_with(SETTLED), late)
some = st.lists(usual, max_size=30) | st.integers(0, 2**32).map(many_moves)
moves = some | st.lists(st.one_of(usual, usual, usual, end_with(ENDS), spend, stop), max_size=80)
all_rules = {
    "goal": st.sampled_from(GOALS),
    "seed": st.integers(0, 9),
    "run_cap": st.none() | st.integers(1, 20),
    "retries": st.builds(Retries, st.integers(0, 2), st.dictionaries(st.sampled_from(Cause), st.integers(0, 2))),
    "impute": st.none() | st.sampled_from(IMPUTES),
    "start_with": st.lists(st.fixed_dictionaries({"given": st.integers(0, 9)}), max_size=3).map(tuple),
}
plateaus = st.none() | st.builds(Plateau, st.integers(1, 5), st.sampled_from([0.0, 0.25]))
rules = st.builds(
    Rules,
    **all_rules,
    target=st.none() | st.sampled_from([0.0, 0.5]),
    max_failures=st.none() | st.sampled_from([0.3, 0.5, 1, 3]),
    stop=st.builds(Stop, st.none() | st.just(5.0), st.none() | st.integers(1, 20), plateaus),
)
# By which a sweep goes on for long.
patient_rules = st.builds(Rules, **all_rules, stop=st.builds(Stop, st.none(), st.just(100), st.just(Plateau(50, 0.25))))
pruners = st.sampled_from(
    [
        None,
        Asha(),
        Asha(eta=2),
        HyperbandRule(max_iter=6),
        Median(startup=1),
        Patience(1),
        Threshold(upper=0.5),
        EarlyTerminate(min_iter=1, eta=2),
    ]
)


class Hearing:
    """A sampler whose proposals are all that it was told, and in which trials."""

    quick = True

    def __init__(self) -> None:
        self.asked: list[int] = []
        self.told: list[tuple[int, Told]] = []

    def ask(self, number: int) -> Proposal | None:
        self.asked.append(number)
        heard = sorted((which, repr(told)) for which, told in self.told)
        return Proposal({"number": number, "heard": repr(heard)}, {"of": number})

    def take(self, number: int, params: Params) -> Proposal:
        return Proposal(params, {"taken": number})

    def tell(self, number: int, told: Told) -> None:
        self.told.append((number, told))

    def restore(self, number: int, proposal: Proposal, told: Told | None) -> None:
        assert proposal.memo in ({"of": number}, {"taken": number})
        if told is not None:
            self.told.append((number, told))

    def learn(self, params: Params, told: Told) -> None:
        raise NotImplementedError


@dataclass
class Trial:
    """What the model knows of a trial: every report of each of its attempts, and how these ended."""

    proposal: Proposal
    state: TrialState = TrialState.WAITING
    attempts: list[list[tuple[int, float]]] = field(default_factory=list)
    causes: list[Cause] = field(default_factory=list)
    # As the store would have it.
    tags: dict[str, str] = field(default_factory=dict)
    starts: list[int] = field(default_factory=list)
    points: list[tuple[int, int, float]] = field(default_factory=list)

    def curve(self) -> list[tuple[int, float]]:
        """Return what stands: an attempt takes back what came at its first step, and whatever followed that."""
        kept: list[tuple[int, float]] = []
        for attempt in self.attempts:
            for place, (step, _) in enumerate(kept if attempt else ()):
                if step >= attempt[0][0]:
                    kept = kept[:place]
                    break
            kept = kept + attempt
        return kept

    def write(self, tags: dict[str, object]) -> None:
        self.tags |= {key: str(value) for key, value in tags.items()}

    def recalled(self, number: int) -> PastTrial:
        run = RunInfo(str(number), "", "", "", "", RunStatus.RUNNING, 0, None, {}, self.tags, {})
        return past_trial(run, self.points)


class Model:
    """The rules, once more, in the plainest way."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.trials: dict[int, Trial] = {}
        self.settled: list[tuple[int, TrialState, float | None]] = []
        self.told: list[tuple[int, Told]] = []
        self.ending = self.overspent = False
        self.clock = 0

    def loss(self, value: float) -> float:
        return value if self.rules.goal == "minimize" else -value

    def tick(self) -> int:
        self.clock += 1
        return self.clock

    def in_state(self, state: TrialState) -> list[int]:
        return [number for number, trial in self.trials.items() if trial.state is state]

    def counting(self, until: int | None = None) -> list[tuple[int, float | None]]:
        return [(number, value) for number, state, value in self.settled[:until] if state in COUNTING]

    def best(self, until: int | None = None) -> tuple[int, float] | None:
        finite = [(number, value) for number, value in self.counting(until) if value is not None]
        return min(finite, key=lambda each: (self.loss(each[1]), each[0]), default=None)

    def iterations(self) -> int:
        return sum(len(attempt) for trial in self.trials.values() for attempt in trial.attempts)

    def again(self, causes: list[Cause]) -> bool:
        limits = {**LIMITS, **self.rules.retries.by_cause}
        if causes[-1] in limits:
            return causes.count(causes[-1]) <= limits[causes[-1]]
        together = [cause for cause in causes if cause in OWN_FAULTS and cause not in limits]
        return causes[-1] in OWN_FAULTS and len(together) <= self.rules.retries.any

    def enough(self) -> bool:
        best, target, plateau = self.best(), self.rules.target, self.rules.stop.plateau
        reached = target is not None and best is not None and self.loss(best[1]) <= self.loss(target)
        flat = plateau is not None and self.without_better(plateau.delta) >= plateau.trials
        ended, failed = len(self.settled), sum(state is TrialState.FAILED for _, state, _ in self.settled)
        most = self.rules.max_failures
        first = ended >= FIRST_FAILURES and failed == ended
        too_many = most is not None and most >= 1 and failed >= most
        share = most is not None and most < 1 and ended >= FIRST_FAILURES and failed >= most * ended
        return reached or flat or first or too_many or share

    def without_better(self, delta: float) -> int:
        """Count the trials since the last that was better than the best of those before it."""
        since = 0
        for place, (_, state, value) in enumerate(self.settled):
            before = self.best(place)
            better = value is not None and (before is None or self.loss(value) < self.loss(before[1]) - delta)
            if state in COUNTING:
                since = 0 if better else since + 1
        return since

    def spend(self, seconds: float) -> bool:
        budget = self.rules.stop
        over = budget.after is not None and seconds >= budget.after
        spent = budget.steps is not None and self.iterations() >= budget.steps
        self.overspent = self.overspent or over or spent
        self.ending = self.ending or self.overspent
        return self.overspent

    def end(self, number: int, outcome: Outcome, value: float | None) -> TrialState:
        trial = self.trials[number]
        trial.state = outcome.state
        finite = [each for _, each in trial.curve() if math.isfinite(each)]
        known = value if value is not None and math.isfinite(value) else min(finite, key=self.loss, default=None)
        if outcome.state is TrialState.FAILED:
            trial.causes.append(outcome.cause or Cause.CRASH)
            if self.again(trial.causes):
                trial.state = TrialState.KILLED if self.ending else TrialState.WAITING
        if trial.state in SETTLED:
            self.settled.append((number, trial.state, known))
            self.ending = self.ending or self.enough()
            self.told.append((number, self.to_tell(number, known)))
        return trial.state

    def to_tell(self, number: int, value: float | None) -> Told:
        trial = self.trials[number]
        if trial.state is TrialState.FAILED:
            imputed = self.imputed()
            return Told(TrialState.FAILED, None) if imputed is None else Told(TrialState.COMPLETE, imputed)
        pruned = trial.state is TrialState.PRUNED
        return Told(trial.state, value, tuple((i + 1, v) for i, (_, v) in enumerate(trial.curve())) if pruned else ())

    def imputed(self) -> float | None:
        found = [value for _, value in self.counting() if value is not None]
        if self.rules.impute is None or not found:
            return None
        ways: dict[str, Callable[[], float]] = {
            "latest": lambda: found[-1],
            "best": lambda: min(found, key=self.loss),
            "worst": lambda: max(found, key=self.loss),
        }
        return ways[self.rules.impute]()


class Both:
    """A study and its model, moved together; every answer is compared."""

    def __init__(self, rules: Rules, rule: Rule | None = None) -> None:
        self.rule = rule
        self.model = Model(rules)
        self.sampler, self.study = self.new()
        # What the study has said, for another one to say as well.
        self.said: list[object] = []

    def new(self) -> tuple[Hearing, Study]:
        rules, sampler = self.model.rules, Hearing()
        return sampler, Study(sampler, rules, make_pruner(self.rule, rules.goal) if self.rule else None)

    def move(self, move: Move) -> None:
        kind, *facts = move
        getattr(self, str(kind))(*facts)
        self.check()

    def ask(self) -> None:
        model, number = self.model, len(self.model.trials)
        may = not model.ending and (model.rules.run_cap is None or number < model.rules.run_cap)
        assert self.study.next_number() == (number if may else None)
        if may:
            proposal = self.study.begin(number, self.study.propose(number))
            assert proposal is not None
            if number < len(model.rules.start_with):
                assert proposal.params == model.rules.start_with[number]
            self.said.append(proposal)
            model.trials[number] = Trial(proposal)
            model.trials[number].write(trial_tags(number, proposal))

    def start(self) -> None:
        """Ask for a trial, and launch it or another one that waits."""
        self.ask()
        self.launch(-1)

    def launch(self, pick: int) -> None:
        waiting = self.model.in_state(TrialState.WAITING)
        if waiting:
            number = waiting[pick % len(waiting)]
            trial = self.model.trials[number]
            attempt = self.study.launch(number)
            assert (attempt.number, attempt.attempt) == (number, len(trial.attempts))
            assert attempt.params == trial.proposal.params
            assert attempt.seed == trial_seed(self.model.rules.seed, number)
            assert attempt.restarted == bool(trial.attempts)
            trial.state = TrialState.RUNNING
            trial.attempts.append([])
            trial.starts.append(self.model.tick())
            trial.write(attempt_tags(trial.starts))

    def report(self, pick: int, step: int, value: float) -> None:
        running = self.model.in_state(TrialState.RUNNING)
        if running:
            number = running[pick % len(running)]
            trial = self.model.trials[number]
            stop = self.study.report(number, len(trial.attempts) - 1, Report(value, step))
            trial.attempts[-1].append((step, value))
            trial.points.append((step, self.model.tick(), value))
            over = self.model.spend(0.0)
            assert stop if over else stop <= self.study.judges
            self.said.append(stop)
            finite = [each for _, each in trial.curve() if math.isfinite(each)]
            assert self.study.live_value(number) == min(finite, key=self.model.loss, default=None)

    def end(self, pick: int, state: TrialState, cause: Cause | None, value: float | None) -> None:
        running = self.model.in_state(TrialState.RUNNING)
        if running:
            number = running[pick % len(running)]
            self.end_of(number, Outcome(state, "why", "tail", cause), value)

    def end_of(self, number: int, outcome: Outcome, value: float | None) -> None:
        trial, told = self.model.trials[number], len(self.model.told)
        verdict = self.study.end(number, len(trial.attempts) - 1, outcome, value)
        assert verdict is not None
        assert verdict.state is self.model.end(number, outcome, value)
        assert verdict.again == (trial.state is TrialState.WAITING)
        assert list(verdict.causes) == trial.causes
        assert (verdict.told is not None) == (len(self.model.told) > told)
        assert verdict.order == (len(self.model.settled) if trial.state in SETTLED else 0)
        self.study.tell(verdict)
        self.said.append(repr(verdict))
        trial.write(verdict_tags(verdict))

    def late(self, pick: int, attempt: int, value: float) -> None:
        """Let attempts that were, or never were, report and end: the check that follows finds nothing changed."""
        numbers = [*self.model.trials, 99]
        number = numbers[pick % len(numbers)]
        trial = self.model.trials.get(number)
        known = len(trial.attempts) if trial else 0
        if trial is None or trial.state is not TrialState.RUNNING or attempt < -1:
            old = known + attempt
            assert self.study.report(number, old, Report(value, 1))
            assert all(self.study.end(number, old, Outcome(state), value) is None for state in ENDS)

    def spend(self, seconds: float) -> None:
        assert self.study.spend(seconds) == self.model.spend(seconds)

    def stop(self) -> None:
        self.study.stop("enough")
        self.model.ending = True

    def check(self) -> None:
        model, study, best = self.model, self.study, self.model.best()
        assert {number: study.state(number) for number in model.trials} == {n: t.state for n, t in model.trials.items()}
        assert [study.count(state) for state in TrialState] == [len(model.in_state(state)) for state in TrialState]
        assert (study.best_number, study.best_value) == (best or (None, None))
        assert +study.tally.states == Counter(state for _, state, _ in model.settled)
        assert study.tally.ended == len(model.settled)
        assert study.tally.iterations == model.iterations()
        assert bool(study.ending) == model.ending
        assert study.overspent == model.overspent
        assert repr(self.sampler.told) == repr(model.told)


class TestAnySequenceOfMoves:
    @given(moves, rules, pruners)
    def test_comes_to_what_the_rules_say(self, moves: list[Move], rules: Rules, rule: Rule | None) -> None:
        both = Both(rules, rule)
        for move in moves:
            both.move(move)
        assert len(both.sampler.asked) == max(len(both.model.trials) - len(rules.start_with), 0)

    @given(some, some, patient_rules, pruners)
    def test_goes_on_after_a_restart_as_if_there_had_been_none(
        self, before: list[Move], after: list[Move], rules: Rules, rule: Rule | None
    ) -> None:
        both = Both(rules, rule)
        for move in before:
            both.move(move)
        assume(not both.model.ending)
        sampler, study = both.new()
        trials = both.model.trials
        verdicts = study.restore([trial.recalled(number) for number, trial in reversed(trials.items())])

        for number in both.model.in_state(TrialState.RUNNING):
            both.end_of(number, Outcome(TrialState.FAILED, cause=Cause.LOST), None)
        assert all(verdict.told is None for verdict in verdicts)
        assume(not both.model.ending)
        assert verdicts_by_number(verdicts) <= {(n, trial.state) for n, trial in trials.items()}
        assert vars(study.tally).keys() == vars(both.study.tally).keys()
        said = {name: value for name, value in vars(study.tally).items() if name != "_rules"}
        assert said == {name: value for name, value in vars(both.study.tally).items() if name != "_rules"}

        twin = Both(rules, rule)
        twin.model, twin.sampler, twin.study = copied(both.model), sampler, study
        sampler.told.sort(key=lambda each: [told[0] for told in both.model.told].index(each[0]))
        both.said.clear()
        for move in after:
            both.move(move)
            twin.move(move)
        assert repr(twin.said) == repr(both.said)


def verdicts_by_number(verdicts: list[Verdict]) -> set[tuple[int, TrialState]]:
    return {(verdict.number, verdict.state) for verdict in verdicts}


def copied(model: Model) -> Model:
    """Return a model that knows the same and goes its own way."""
    twin = Model(model.rules)
    twin.settled, twin.told, twin.clock = list(model.settled), list(model.told), model.clock
    twin.ending, twin.overspent = model.ending, model.overspent
    for number, trial in model.trials.items():
        attempts = [list(attempt) for attempt in trial.attempts]
        causes, tags = list(trial.causes), dict(trial.tags)
        twin.trials[number] = Trial(
            trial.proposal, trial.state, attempts, causes, tags, list(trial.starts), list(trial.points)
        )
    return twin


def begun(**facts: object) -> Study:
    return Study(Hearing(), Rules(**facts))  # type: ignore[arg-type]  # each test gives a few


def end_all(study: Study, *ends: tuple[TrialState, float | None]) -> None:
    for state, value in ends:
        number = study.ask()
        assert number is not None
        verdict = study.end(number, study.launch(number).attempt, Outcome(state), value)
        assert verdict is not None
        study.tell(verdict)


class TestBest:
    @pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, None])
    @pytest.mark.parametrize("goal", GOALS)
    def test_is_never_a_value_that_is_not_finite(self, goal: Goal, value: float | None) -> None:
        study = begun(goal=goal)
        end_all(study, *((TrialState.COMPLETE, each) for each in (value, 3.0, value)))
        assert (study.best_number, study.best_value) == (1, 3.0)

    @pytest.mark.parametrize("state", [TrialState.FAILED, TrialState.KILLED])
    def test_is_never_of_a_trial_that_did_not_succeed(self, state: TrialState) -> None:
        study = begun()
        end_all(study, (state, 0.5))
        assert study.best_value is None

    @given(st.permutations(range(6)))
    def test_of_equal_values_is_the_earliest_trial(self, order: list[int]) -> None:
        study = begun()
        for _ in order:
            study.launch(study.ask() or 0)
        for number in order:
            study.end(number, 0, Outcome(TrialState.COMPLETE), 1.0)
        assert study.best_number == 0


class TestEnd:
    def test_comes_when_the_sampler_has_no_more(self) -> None:
        study = Study(make_sampler("grid", None, GRID, "minimize", 0), Rules())
        assert [study.ask() for _ in range(8)] == [0, 1, 2, 3, 4, 5, None, None]
        assert not study.ending

    @pytest.mark.parametrize(
        ("goal", "value", "reached"),
        [
            ("minimize", 0.11, False),
            ("minimize", 0.1, True),
            ("minimize", 0.09, True),
            ("maximize", 0.09, False),
            ("maximize", 0.1, True),
            ("maximize", 0.11, True),
        ],
    )
    def test_comes_when_the_target_is_reached(self, goal: Goal, value: float, reached: bool) -> None:  # noqa: FBT001
        study = begun(goal=goal, target=0.1)
        end_all(study, (TrialState.COMPLETE, value))
        assert study.ending == ("trial 0 reached the target 0.1" if reached else "")

    def test_comes_when_the_first_five_fail(self) -> None:
        study = begun()
        said = []
        for _ in range(5):
            end_all(study, (TrialState.FAILED, None))
            said.append(study.ending)
        assert said == [*[""] * 4, "the first 5 trials all failed"]

    def test_says_its_first_reason(self) -> None:
        study = begun(max_failures=1)
        end_all(study, (TrialState.FAILED, None))
        study.stop("something else")
        assert study.ending == "a trial failed"

    def test_leaves_the_retries_to_whoever_resumes_the_sweep(self) -> None:
        study = begun(retries=Retries(1))
        study.launch(study.ask() or 0)
        study.stop("Ctrl-C")
        verdict = study.end(0, 0, Outcome(TrialState.FAILED, "it raised"))
        assert verdict is not None
        assert (verdict.state, verdict.causes, verdict.told) == (TrialState.KILLED, (Cause.CRASH,), None)

    def test_gives_up_what_waits(self) -> None:
        study = begun()
        study.ask()
        study.abandon(0)
        assert study.state(0) is TrialState.KILLED
        with pytest.raises(SweepError, match="killed cannot become killed"):
            study.abandon(0)


class TestLaunch:
    @pytest.mark.parametrize("state", [None, TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAILED])
    def test_of_a_trial_that_does_not_wait_raises_and_changes_nothing(self, state: TrialState | None) -> None:
        study = begun()
        study.launch(study.ask() or 0)
        if state is not None:
            study.end(0, 0, Outcome(state))
        with pytest.raises(SweepError):
            study.launch(0)
        assert study.state(0) is (state or TrialState.RUNNING)
        assert (study.end(0, 0, Outcome(TrialState.COMPLETE)) is None) == (state is not None)


class TestRestore:
    def test_does_not_give_the_number_of_another_trial_where_runs_were_deleted(self) -> None:
        study = begun()
        study.restore([PastTrial(7, Proposal({}, {"of": 7}), TrialState.COMPLETE, 1.0)])
        assert study.next_number() == 8

    def test_tells_the_sampler_of_what_was_lost_too_often(self) -> None:
        sampler = Hearing()
        study = Study(sampler, Rules(retries=Retries(by_cause={Cause.LOST: 0})))
        (verdict,) = study.restore([PastTrial(0, Proposal({}, {"of": 0}), TrialState.RUNNING, attempt=0)])
        assert (verdict.state, verdict.order) == (TrialState.FAILED, 1)
        assert sampler.told == [(0, Told(TrialState.FAILED, None))]


GRID = Space.from_parameters({"a": {"values": [1, 2, 3]}, "b": {"values": [True, 1]}})
finite_spaces = st.dictionaries(
    st.sampled_from("abc"),
    st.lists(st.one_of(st.booleans(), st.integers(0, 2), st.sampled_from([0.0, 1.0, "x"])), min_size=1, max_size=4).map(
        lambda values: {"values": values}
    ),
    min_size=1,
)


class TestGrid:
    @given(finite_spaces, st.integers(0, 64))
    def test_visits_every_point_once_also_when_it_is_cut(
        self, parameters: dict[str, dict[str, object]], cut: int
    ) -> None:
        space = Space.from_parameters(parameters)
        first, second = (Study(make_sampler("grid", None, space, "minimize", 0), Rules()) for _ in range(2))
        visited = list(proposals(first, cut))
        second.restore(PastTrial(number, proposal, TrialState.WAITING) for number, proposal in enumerate(visited))
        visited += proposals(second, 65)
        assert len({repr(sorted(proposal.params.items())) for proposal in visited}) == len(visited) == space.size()


def proposals(study: Study, most: int) -> Iterator[Proposal]:
    for _ in range(most):
        number = study.next_number()
        if number is not None and (proposal := study.begin(number, study.propose(number))) is not None:
            yield proposal
