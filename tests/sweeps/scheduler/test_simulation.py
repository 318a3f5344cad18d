"""Small sweeps in virtual time with injected faults: the scheduler's core is real, all that it drives is a simulation.

Workers are lost or preempted, reports and ends come twice or after their attempt, clocks are set, the scheduler is
killed at any moment (also between a decision and its record) and goes on with what the store has. Nothing of the core's
own state is believed: what runs, what counts and what became of each trial is kept again, by the simulation.
"""

from __future__ import annotations

import heapq
import math
import random
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

import pytest

from sweeps.config import Asha, HyperbandRule, Median, Patience, Threshold
from sweeps.config.retries import Retries
from sweeps.config.stop import Plateau, Stop
from sweeps.errors import SweepError
from sweeps.pruners import Rule, make_pruner
from sweeps.samplers import Params, Proposal, Sampler, Told, make_sampler
from sweeps.samplers.grid import GridSampler
from sweeps.scheduler import Conductor, why
from sweeps.scheduler.conductor import Launch
from sweeps.scheduler.why import Why
from sweeps.slots import Capacity, Grant, Line, Need, Slots
from sweeps.slots.room import Room
from sweeps.space import Space
from sweeps.study import Attempt, PastTrial, Rules, Study, Verdict, past_trial, record
from sweeps.study import study as study_module
from sweeps.study.record import STATE, attempt_tags, flat, trial_tags, verdict_tags
from sweeps.study.tally import Tally
from sweeps.trial import Cause, Goal, Outcome, Report, TrialState
from tracker import RunInfo, RunStatus

SWEEPS, CAMPAIGN = 200, 10_000
# So many faults each kind may be at most, that every sweep comes to an end.
FAULTS = 12
EVENTS = 20_000
INTERRUPTED = "someone wants it to end"
SETTLED = frozenset({TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAILED})
LATE = Outcome(TrialState.COMPLETE)
Mutate = Callable[[pytest.MonkeyPatch], None]


@dataclass(frozen=True)
class Plan:
    """A small sweep. Of one that is exact, faults may change nothing of what comes of it."""

    seed: int
    exact: bool
    method: str
    space: Space
    total: int
    parallel: int
    gpus: int
    epochs: int
    rules: Rules
    rule: Rule | None
    # How likely a fault is, at each event at which it may be.
    faults: float

    @property
    def goal(self) -> Goal:
        return self.rules.goal

    def need(self, params: Params) -> Need:
        return Need(cpu=0, gpu=float(str(params["gpu"])) if self.gpus else 0.0)

    def crashes(self, number: int, step: int) -> bool:
        return number % 3 == 1 and step >= min(2, self.epochs)

    def value(self, number: int, params: Params, step: int) -> float:
        if not self.exact and number % 5 == 4 and step == 1:
            return math.nan
        rising = 5.0 if step == 1 else 10.0 + step
        loss = rising if number % 3 == 2 else float(str(params["x"])) + 1 / step
        return -loss if self.goal == "maximize" else loss

    def fate(self, number: int) -> tuple[TrialState, float | None]:
        """Return what is to become of a trial of an exact sweep, and its value."""
        if self.crashes(number, self.epochs):
            return TrialState.FAILED, self.best(number, 1) if self.epochs > 1 else None
        # The threshold is crossed at the second report; then two in a row are worse than what was before them.
        patience = {Threshold: 2, Patience: 3}.get(type(self.rule), math.inf)
        stopped = number % 3 == 2 and self.epochs >= patience
        return TrialState.PRUNED if stopped else TrialState.COMPLETE, self.best(number, self.epochs)

    def best(self, number: int, epochs: int) -> float:
        sampler = make_sampler(self.method, None, self.space, self.goal, self.seed)
        params = [proposal.params for each in range(number + 1) if (proposal := sampler.ask(each))][number]
        values = [self.value(number, params, step) for step in range(1, epochs + 1)]
        return min(values) if self.goal == "minimize" else max(values)


def plan_of(seed: int) -> Plan:
    dice = random.Random(f"plan/{seed}")  # noqa: S311  # a simulation
    exact, gpus = seed % 2 == 0, dice.choice([0, 0, 2])
    method, points, goal = dice.choice(["grid", "random"]), dice.randint(1, 12), dice.choice([-1, 1])
    parameters: dict[str, object] = {"x": {"values": [index / 16 for index in range(points)]}}
    if method == "random":
        parameters["x"] = {"min": 0.0, "max": 1.0}
    if gpus:
        parameters["gpu"] = {"values": [0.25, 0.5, 1, 2]} if method == "random" else {"value": dice.choice([0.5, 1, 2])}
    cap = points if method == "random" else dice.choice([None, max(1, points - 2)])
    rules = Rules("minimize" if goal > 0 else "maximize", seed, cap, retries=Retries(dice.randint(0, 2), ENDLESS))
    return Plan(
        seed,
        exact,
        method,
        Space.from_parameters(parameters),
        min(points, cap or points),
        dice.randint(1, 4),
        gpus,
        dice.randint(1, 6),
        rules if exact else wild(rules, goal, dice),
        dice.choice(exact_rules(goal) if exact else WILD),
        dice.choice([0.02, 0.1, 0.3]),
    )


ENDLESS = {Cause.LOST: 10**6, Cause.PREEMPTED: 10**6}
WILD: list[Rule | None] = [None, Asha(), Asha(eta=2), HyperbandRule(max_iter=6), Median(startup=1), Patience(1)]


def exact_rules(goal: int) -> list[Rule | None]:
    """Return rules that judge a trial by itself: by when it comes, or after whom, nothing changes."""
    return [None, Patience(1), Threshold(upper=9.0) if goal > 0 else Threshold(lower=-9.0)]


def wild(rules: Rules, goal: int, dice: random.Random) -> Rules:
    """Return rules by which a sweep may end at any time, and trials are given up early."""
    plateau = dice.choice([None, None, Plateau(dice.randint(1, 6), dice.choice([0.0, 0.2]))])
    return replace(
        rules,
        retries=Retries(dice.randint(0, 2), {Cause.LOST: dice.randint(0, 2), Cause.PREEMPTED: dice.randint(0, 1)}),
        target=dice.choice([None, None, goal * 0.5]),
        max_failures=dice.choice([None, 2, 0.5]),
        stop=Stop(steps=dice.choice([None, None, 15]), plateau=plateau),
        impute=dice.choice([None, "latest", "best", "worst"]),
    )


class Died(Exception):
    """The scheduler was killed."""


class Heard:
    """A sampler, and how often it was told of each trial."""

    quick = True

    def __init__(self, sampler: Sampler) -> None:
        self._sampler = sampler
        self.ask, self.take, self.learn = sampler.ask, sampler.take, sampler.learn
        self.told = Counter[int]()

    def tell(self, number: int, told: Told) -> None:
        self.told[number] += 1
        self._sampler.tell(number, told)

    def restore(self, number: int, proposal: Proposal, told: Told | None) -> None:
        self.told[number] += told is not None
        self._sampler.restore(number, proposal, told)


@dataclass(eq=False)
class Worker:
    """One attempt that runs, and where it stands."""

    launch: Launch
    need: Need
    step: int
    why: Why | None = None
    alive: bool = True
    reported: bool = False

    @property
    def number(self) -> int:
        return self.launch.attempt.number

    @property
    def attempt(self) -> int:
        return self.launch.attempt.attempt


@dataclass
class Page:
    """What the store has of a trial: its run's tags, and (step, timestamp, value) of what its attempts logged."""

    params: Mapping[str, object]
    tags: dict[str, str] = field(default_factory=dict)
    starts: list[int] = field(default_factory=list)
    points: list[tuple[int, int, float]] = field(default_factory=list)
    # The simulation's own: the curve that stands, by step; what became of the trial.
    curve: dict[int, float] = field(default_factory=dict)
    settled: tuple[TrialState, float | None] | None = None

    def run(self, number: int) -> RunInfo:
        return RunInfo(
            str(number), "", "", "", "", RunStatus.RUNNING, 0, None, flat(self.params), dict(self.tags), metrics={}
        )

    def recalled(self, number: int) -> PastTrial:
        return past_trial(self.run(number), self.points)

    def write(self, tags: Mapping[str, object]) -> None:
        assert self.settled is None, "a settled trial is written on"
        self.tags |= {key: str(value) for key, value in tags.items()}

    def log(self, worker: Worker, timestamp: int, value: float) -> None:
        self.points.append((worker.step, timestamp, value))
        if not worker.reported:
            self.curve = {step: known for step, known in self.curve.items() if step < worker.step}
        worker.reported = True
        self.curve[worker.step] = value


class World:
    """Virtual time, workers, and a scheduler that is killed and comes again."""

    def __init__(self, plan: Plan, *, faults: bool = True) -> None:
        self.plan = plan
        self.dice = random.Random(f"world/{plan.seed}")  # noqa: S311  # a simulation
        self.left = Counter[str](dict.fromkeys(("die", "lose", "copy", "clock", "interrupt"), FAULTS * faults))
        self.now, self.offset, self.set_back = 0.0, 0, False
        self.heap: list[tuple[float, int, Callable[[], None]]] = []
        self.events = 0
        self.pages: dict[int, Page] = {}
        self.workers: list[Worker] = []
        self.begun = Counter[tuple[int, int]]()
        # Why attempts ended that were not their trials' last.
        self.mishaps: dict[int, Counter[str]] = {}
        self.iterations = 0

    def run(self) -> dict[int, tuple[TrialState, float | None, str]]:
        """Run the sweep to its end; return what became of each trial."""
        self.restart()
        self.check()
        while self.heap:
            self.now, _, event = heapq.heappop(self.heap)
            try:
                event()
                self.follow_up()
            except Died:
                self.restart()
            self.check()
        self.check_end()
        return {
            number: (*page.settled, repr(page.params))
            for number, page in self.pages.items()
            if page.settled is not None
        }

    # What goes wrong.

    def chance(self, fault: str, times: float = 1.0) -> bool:
        if self.left[fault] and self.dice.random() < self.plan.faults * times:
            self.left[fault] -= 1
            return True
        return False

    def may_die(self) -> None:
        if self.chance("die", 0.3):
            raise Died

    def later(self, call: Callable[[], None]) -> None:
        self.events += 1
        assert self.events < EVENTS, "the sweep does not end"
        heapq.heappush(self.heap, (self.now + self.dice.expovariate(1), self.events, call))

    def clock(self) -> int:
        return int(self.now * 1e6) + self.offset

    def copy(self, worker: Worker, message: Callable[[], None]) -> None:
        """Deliver a message some time after the attempt of which it is has ended."""
        if self.chance("copy"):
            self.later(lambda: self.copy_again(worker, message))

    def copy_again(self, worker: Worker, message: Callable[[], None]) -> None:
        if worker.alive:
            self.later(lambda: self.copy_again(worker, message))
        else:
            message()

    # The scheduler, as thin as the real one.

    def restart(self) -> None:
        """Begin, or go on with what the store has."""
        for worker in self.workers:
            self.mishap(worker.number, "killed")
            self.be_a_ghost(worker)
        self.workers = []
        self.now += 1
        plan = self.plan
        self.sampler = Heard(make_sampler(plan.method, None, plan.space, plan.goal, plan.seed))
        self.study = Study(self.sampler, plan.rules, make_pruner(plan.rule, plan.goal) if plan.rule else None)
        capacity = Capacity(cpu=4, gpus=tuple(map(str, range(plan.gpus))), memory=0)
        self.slots = Slots(capacity, plan.parallel)
        self.conductor = Conductor(self.study, self.slots, plan.need if plan.gpus else Need(cpu=0))
        self.iterations = sum(len(page.points) for page in self.pages.values())
        try:
            for verdict in self.conductor.restore([page.recalled(number) for number, page in self.pages.items()]):
                self.write_end(verdict)
            self.fill()
            self.follow_up()
        except Died:
            self.restart()

    def be_a_ghost(self, worker: Worker) -> None:
        """Let a worker whose scheduler is gone go on for a while, and be heard when it has been ended."""
        goes_on = worker.step <= self.plan.epochs and not self.plan.crashes(worker.number, worker.step)
        if goes_on and self.chance("copy", 3):
            self.now += 0.5
            self.log(worker)
        worker.alive = False
        self.copy(worker, lambda: self.hear_late_report(worker, 1))
        self.copy(worker, lambda: self.hear_late_end(worker))

    def fill(self) -> None:
        while True:
            number = self.conductor.wants()
            if number is not None:
                self.ask(number)
            launch = self.conductor.launch()
            if launch is not None:
                self.launch(launch)
            elif number is None:
                return

    def ask(self, number: int) -> None:
        proposal = self.conductor.begin(number, self.study.propose(number))
        if proposal is not None:
            self.may_die()
            assert number == len(self.pages), "numbers are not given in order"
            self.pages[number] = Page(proposal.params)
            self.pages[number].write(trial_tags(number, proposal))
            self.mishaps[number] = Counter()

    def launch(self, launch: Launch) -> None:
        number, attempt = launch.attempt.number, launch.attempt.attempt
        self.may_die()
        page = self.pages[number]
        page.starts.append(self.clock())
        page.write(attempt_tags(page.starts))
        self.may_die_mishap(number)
        assert all(worker.number != number for worker in self.workers), "a trial runs twice at once"
        self.begun[number, attempt] += 1
        # It begins anew, or from any checkpoint that was left.
        step = self.dice.randint(1, min(len(page.curve) + 1, self.plan.epochs))
        worker = Worker(launch, self.plan.need(launch.attempt.params), step)
        self.workers.append(worker)
        self.later(lambda: self.work(worker))

    def may_die_mishap(self, number: int) -> None:
        try:
            self.may_die()
        except Died:
            self.mishap(number, "killed")
            raise

    def mishap(self, number: int, cause: str) -> None:
        self.mishaps[number][cause] += 1

    def work(self, worker: Worker) -> None:
        """Let a worker do its next step."""
        if not worker.alive:
            return
        if self.chance("clock"):
            step = self.dice.randint(-(10**8) if self.plan.seed % 3 == 0 else 0, 10**8)
            self.offset, self.set_back = self.offset + step, self.set_back or step < 0
        if self.chance("lose"):
            self.end(worker, Outcome(TrialState.FAILED, cause=self.dice.choice([Cause.LOST, Cause.PREEMPTED])))
        elif worker.why is not None:
            self.end(worker, Outcome(self.dice.choice([TrialState.PRUNED, TrialState.FAILED])))
        elif self.plan.crashes(worker.number, worker.step):
            self.end(worker, Outcome(TrialState.FAILED, "it raised", cause=Cause.CRASH))
        elif worker.step > self.plan.epochs:
            self.end(worker, Outcome(TrialState.COMPLETE))
        else:
            self.report(worker)
            self.later(lambda: self.work(worker))
        if self.chance("interrupt", 0.1):
            self.study.stop(INTERRUPTED)
            if self.dice.random() < 0.5:
                self.stop_all(why.INTERRUPTED)
        self.may_die()

    def log(self, worker: Worker) -> float:
        value = self.plan.value(worker.number, worker.launch.attempt.params, worker.step)
        self.pages[worker.number].log(worker, self.clock(), value)
        worker.step += 1
        return value

    def report(self, worker: Worker) -> None:
        step, value = worker.step, self.log(worker)
        self.may_die()
        self.iterations += 1
        stop = self.study.report(worker.number, worker.attempt, Report(value, step))
        self.copy(worker, lambda: self.hear_late_report(worker, step))
        if self.study.overspent:
            self.stop_all(why.overspent(self.study.ending))
        elif stop:
            worker.why = worker.why or why.PRUNED

    def stop_all(self, reason: Why) -> None:
        for worker in self.workers:
            worker.why = worker.why or reason

    def end(self, worker: Worker, outcome: Outcome) -> None:
        worker.alive = False
        outcome = worker.why.judge(outcome) if worker.why else outcome
        verdict = self.conductor.end(worker.number, worker.attempt, outcome)
        assert verdict is not None, "the end of a running attempt is not heard"
        self.check_verdict(worker, outcome, verdict)
        self.may_die()
        self.workers.remove(worker)
        if outcome.state in {TrialState.FAILED, TrialState.KILLED}:
            self.mishap(worker.number, outcome.cause or Cause.CRASH if outcome.state is TrialState.FAILED else "killed")
        self.write_end(verdict, check=False)
        self.study.tell(verdict)
        self.copy(worker, lambda: self.hear_late_end(worker))
        self.copy(worker, lambda: self.hear_late_report(worker, 1))
        self.fill()

    def write_end(self, verdict: Verdict, *, check: bool = True) -> None:
        if check:
            self.may_die()
        page = self.pages[verdict.number]
        page.write(verdict_tags(verdict))
        if verdict.state in SETTLED:
            page.settled = verdict.state, verdict.value

    def follow_up(self) -> None:
        """Once nothing runs: write down who will not run; resume what was interrupted."""
        if self.workers:
            return
        for number in self.conductor.abandon():
            self.may_die()
            self.pages[number].write({STATE: TrialState.KILLED})
        if self.study.ending == INTERRUPTED:
            raise Died

    def hear_late_report(self, worker: Worker, step: int) -> None:
        assert self.study.report(worker.number, worker.attempt, Report(-1e9, step)), "an old attempt is not stopped"

    def hear_late_end(self, worker: Worker) -> None:
        assert self.conductor.end(worker.number, worker.attempt, LATE, -1e9) is None, "an old attempt's end counts"

    # What must hold.

    def best_of(self, number: int) -> float | None:
        finite = [value for value in self.pages[number].curve.values() if math.isfinite(value)]
        return (min if self.plan.goal == "minimize" else max)(finite, default=None)

    def check_verdict(self, worker: Worker, outcome: Outcome, verdict: Verdict) -> None:
        assert (verdict.number, verdict.attempt) == (worker.number, worker.attempt)
        if outcome.state is TrialState.FAILED:
            assert verdict.state in {TrialState.FAILED, TrialState.WAITING, TrialState.KILLED}
        else:
            assert verdict.state is outcome.state
        # Where the clock was set back, nobody can tell which of two attempts logged before the scheduler was killed.
        if not self.set_back:
            assert verdict.value == self.best_of(worker.number)
            if verdict.told and verdict.state is TrialState.PRUNED:
                curve = list(enumerate(self.pages[worker.number].curve.values(), start=1))
                assert repr(list(verdict.told.curve)) == repr(curve)

    def check(self) -> None:
        """Hold the core against what the simulation knows."""
        running = [worker.number for worker in self.workers]
        assert self.conductor.running == self.slots.taken == len(running) <= self.plan.parallel
        assert all(self.study.state(number) is TrialState.RUNNING for number in running)
        for device in range(self.plan.gpus):
            shares = [
                share for worker in self.workers for name, share in worker.launch.grant.gpus if name == str(device)
            ]
            assert sum(shares) <= 1, "a device is oversubscribed"
        for worker in self.workers:
            assert sum(share for _, share in worker.launch.grant.gpus) == worker.need.gpu
        if not self.plan.gpus and len(running) < self.plan.parallel:
            assert self.conductor.wants() is None
            assert not self.study.count(TrialState.WAITING) or self.study.ending, "a slot is idle"
        assert max(self.begun.values(), default=1) == 1, "an attempt begins twice"
        self.check_tally()

    def check_tally(self) -> None:
        settled = {number: page.settled for number, page in self.pages.items() if page.settled}
        states = Counter(state for state, _ in settled.values())
        assert +self.study.tally.states == states
        assert self.study.tally.iterations == self.iterations, "a report counts that should not, or does not"
        assert self.sampler.told == Counter(settled.keys()), "the sampler was not told once of each trial"
        sign = 1 if self.plan.goal == "minimize" else -1
        counting = [
            (sign * value, number)
            for number, (state, value) in settled.items()
            if value is not None and state is not TrialState.FAILED
        ]
        best = min(counting, default=(0.0, None))
        assert (self.study.best_number, sign * (self.study.best_value or 0.0)) == (best[1], best[0])
        for number, page in self.pages.items():
            assert self.study.state(number) == (page.settled[0] if page.settled else page.tags[STATE])
            self.check_attempts(number)

    def check_attempts(self, number: int) -> None:
        """An attempt follows only upon one that went wrong, and not upon more of a kind than may be tried again."""
        retries, mishaps = self.plan.rules.retries, self.mishaps[number]
        begun = sum(trial == number for trial, _ in self.begun)
        assert begun <= 1 + mishaps.total(), "an attempt begins again for no reason"
        most = sum(min(mishaps[cause], count) for cause, count in retries.by_cause.items())
        assert begun <= 1 + most + min(mishaps[Cause.CRASH], retries.any) + mishaps["killed"], "attempts have no bound"

    def check_end(self) -> None:
        assert not self.workers
        assert self.slots.taken == 0
        states = {number: self.study.state(number) for number in self.pages}
        if self.study.ending:
            assert set(states.values()) <= {*SETTLED, TrialState.KILLED}
        else:
            assert sorted(states) == list(range(self.plan.total)), "a trial is lost"
            assert set(states.values()) <= SETTLED


def simulate(seed: int) -> World:
    """Run a small sweep with faults; of one that is exact, compare what came of it with the same one without."""
    plan = plan_of(seed)
    world = World(plan)
    found = world.run()
    if plan.exact:
        quiet = World(plan, faults=False)
        expected = quiet.run()
        assert {number: end[:2] for number, end in expected.items()} == dict(
            enumerate(map(plan.fate, range(plan.total)))
        )
        if not world.set_back:
            assert found == expected
            assert world.study.best_value == quiet.study.best_value
        elif not isinstance(plan.rule, Patience):
            assert [found[number][::2] for number in expected] == [end[::2] for end in expected.values()]
    return world


def simulate_all(seeds: Iterable[int]) -> None:
    for seed in seeds:
        simulate(seed)


@pytest.mark.parametrize("first", range(0, SWEEPS, 20))
def test_small_sweeps_survive_any_fault(first: int) -> None:
    simulate_all(range(first, first + 20))


@pytest.mark.campaign
@pytest.mark.parametrize("first", range(SWEEPS, SWEEPS + CAMPAIGN, 500))
def test_ten_thousand_small_sweeps_survive_any_fault(first: int) -> None:
    simulate_all(range(first, first + 500))


def test_every_fault_happens_and_every_end_is_reached() -> None:
    worlds = [simulate(seed) for seed in range(SWEEPS)]
    for fault in worlds[0].left:
        assert sum(world.left[fault] < FAULTS for world in worlds) > 20
    seen = Counter(state for world in worlds for page in world.pages.values() for state in (page.settled or ())[:1])
    assert set(seen) == SETTLED
    assert sum(bool(world.study.ending) for world in worlds) > 20
    assert any(world.set_back for world in worlds)
    assert {world.plan.method for world in worlds} == {"grid", "random"}


# Bugs, planted into the core one at a time.


def no_attempt_is_too_old(patch: pytest.MonkeyPatch) -> None:
    def running(study: Study, number: int, attempt: int) -> object:  # noqa: ARG001  # that is the bug
        trial = study._trials.get(number)
        return trial if trial is not None and trial.state is TrialState.RUNNING else None

    patch.setattr(Study, "_running", running)


def whoever_has_ended_may_report(patch: pytest.MonkeyPatch) -> None:
    def running(study: Study, number: int, attempt: int) -> object:
        trial = study._trials.get(number)
        return trial if trial is not None and trial.attempt == attempt else None

    patch.setattr(Study, "_running", running)


def slots_are_not_given_back(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Slots, "give", lambda _slots, _grant: None)


def slots_are_given_back_twice(patch: pytest.MonkeyPatch) -> None:
    give = Slots.give

    def twice(slots: Slots, grant: Grant) -> None:
        devices = slots._held[grant.number][1]
        give(slots, grant)
        slots._free.change(grant.need, devices, +1)

    patch.setattr(Slots, "give", twice)


def there_is_always_a_place(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Room, "holds", lambda _room, _need: True)


def devices_have_room_for_all(patch: pytest.MonkeyPatch) -> None:
    change = Room.change
    patch.setattr(Room, "change", lambda room, need, _devices, sign: change(room, need, (), sign))


def nobody_in_the_line_starts_beside_another(patch: pytest.MonkeyPatch) -> None:
    following = Line.next
    patch.setattr(Line, "next", lambda line, slots: None if slots.taken else following(line, slots))


def the_sampler_is_told_twice(patch: pytest.MonkeyPatch) -> None:
    tell = Study.tell

    def twice(study: Study, verdict: Verdict) -> None:
        tell(study, verdict)
        tell(study, verdict)

    patch.setattr(Study, "tell", twice)


def the_sampler_is_not_told_of_failures(patch: pytest.MonkeyPatch) -> None:
    tell = Study.tell
    patch.setattr(Study, "tell", lambda study, verdict: verdict.state is TrialState.FAILED or tell(study, verdict))


def the_sampler_is_not_told_of_what_was_lost(patch: pytest.MonkeyPatch) -> None:
    revive = Study._revive
    patch.setattr(Study, "_revive", lambda study, number: replace(revive(study, number), told=None))


def the_sampler_forgets_when_resumed(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(GridSampler, "restore", lambda *_: None)


def a_retry_forgets_its_attempt(patch: pytest.MonkeyPatch) -> None:
    launch = Study.launch

    def first(study: Study, number: int) -> Attempt:
        begun = replace(launch(study, number), attempt=0)
        study._trials[number].attempt = 0
        return begun

    patch.setattr(Study, "launch", first)


def a_retry_does_not_wait(patch: pytest.MonkeyPatch) -> None:
    def end(conductor: Conductor, number: int, attempt: int, outcome: Outcome, value: float | None = None) -> object:
        verdict = conductor.study.end(number, attempt, outcome, value)
        if verdict is not None:
            conductor._slots.give(conductor._grants.pop(number))
        return verdict

    patch.setattr(Conductor, "end", end)


def everything_is_tried_again(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Retries, "again", lambda _retries, _causes: True)


def nothing_is_tried_again(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Retries, "again", lambda _retries, _causes: False)


def what_fails_at_the_end_has_failed_for_good(patch: pytest.MonkeyPatch) -> None:
    ended = Study.end

    def end(study: Study, number: int, attempt: int, outcome: Outcome, value: float | None = None) -> object:
        verdict = ended(study, number, attempt, outcome, value)
        if verdict is None or not (study.ending and outcome.state is TrialState.FAILED):
            return verdict
        study._trials[number].state = TrialState.RUNNING
        return study._close(number, outcome, value)

    patch.setattr(Study, "end", end)


def one_trial_too_many(patch: pytest.MonkeyPatch) -> None:
    def number(study: Study) -> int | None:
        capped = study.rules.run_cap is not None and study._next > study.rules.run_cap
        return None if study._exhausted or capped or study.ending else study._next

    patch.setattr(Study, "next_number", number)


def nothing_is_pruned(patch: pytest.MonkeyPatch) -> None:
    report = Study.report

    def go_on(study: Study, number: int, attempt: int, said: Report) -> bool:
        running = study._running(number, attempt) is not None
        return report(study, number, attempt, said) and not running

    patch.setattr(Study, "report", go_on)


def reports_are_not_taken_back(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(study_module, "first_from", lambda curve, _step: len(curve))


def reports_are_not_taken_back_when_resumed(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(record, "first_from", lambda curve, _step: len(curve))


def the_first_stays_the_best(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Tally, "_rank", lambda _tally, _number, _value: (0.0, 0))


def failures_are_not_final(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(study_module, "_SETTLED", SETTLED - {TrialState.FAILED})


def resumed(change: Callable[[list[PastTrial]], list[PastTrial]]) -> Mutate:
    """Return a bug by which not all is known when a sweep is resumed."""

    def mutate(patch: pytest.MonkeyPatch) -> None:
        restore = Study.restore
        patch.setattr(Study, "restore", lambda study, past: restore(study, change(list(past))))

    return mutate


def waiting_trials_are_not_taken_up(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Conductor, "restore", lambda conductor, past: conductor.study.restore(past))


BUGS: Mapping[str, Mutate] = {
    **{
        bug.__name__: bug
        for bug in (
            no_attempt_is_too_old,
            whoever_has_ended_may_report,
            slots_are_not_given_back,
            slots_are_given_back_twice,
            there_is_always_a_place,
            devices_have_room_for_all,
            nobody_in_the_line_starts_beside_another,
            the_sampler_is_told_twice,
            the_sampler_is_not_told_of_failures,
            the_sampler_is_not_told_of_what_was_lost,
            the_sampler_forgets_when_resumed,
            a_retry_forgets_its_attempt,
            a_retry_does_not_wait,
            everything_is_tried_again,
            nothing_is_tried_again,
            what_fails_at_the_end_has_failed_for_good,
            one_trial_too_many,
            nothing_is_pruned,
            reports_are_not_taken_back,
            reports_are_not_taken_back_when_resumed,
            the_first_stays_the_best,
            failures_are_not_final,
            waiting_trials_are_not_taken_up,
        )
    },
    "a resumed sweep forgets the last": resumed(lambda past: past[:-1]),
    "a resumed sweep forgets what ran": resumed(lambda past: [t for t in past if t.state is not TrialState.RUNNING]),
    "a resumed sweep forgets what was killed": resumed(
        lambda past: [t for t in past if t.state is not TrialState.KILLED]
    ),
    "a resumed sweep forgets attempts": resumed(lambda past: [replace(trial, attempt=-1) for trial in past]),
    "a resumed sweep forgets causes": resumed(lambda past: [replace(trial, causes=()) for trial in past]),
    "a resumed sweep forgets values": resumed(lambda past: [replace(trial, value=None) for trial in past]),
    "a resumed sweep forgets reports": resumed(lambda past: [replace(trial, reports=()) for trial in past]),
}


@pytest.mark.parametrize("bug", BUGS)
def test_a_planted_bug_is_found(bug: str, monkeypatch: pytest.MonkeyPatch) -> None:
    BUGS[bug](monkeypatch)
    # Whatever notices it, an invariant here or the core itself.
    with pytest.raises((AssertionError, LookupError, SweepError, ValueError)):
        simulate_all(range(SWEEPS))
