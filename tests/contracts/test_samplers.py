"""What every sampler keeps to, whatever it does inside."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sweeps.errors import InvalidSweep
from sweeps.samplers import Params, Proposal, Sampler, Told, make_sampler
from sweeps.space import Space
from sweeps.trial import TrialState

MIXED = Space.from_parameters(
    {
        "lr": {"distribution": "log_uniform_values", "min": 1e-4, "max": 0.1},
        "dropout": {"min": 0.0, "max": 0.5},
        "depth": {"min": 1, "max": 4},
        "q": {"distribution": "q_uniform", "min": 0.0, "max": 1.0, "q": 0.1},
        "alike": {"values": [True, 1, 1.0, "1", None, [1], {"a": 1}]},
        "epochs": {"value": 20},
    }
)
FINITE = Space.from_parameters(
    {
        "depth": {"min": 1, "max": 4},
        "q": {"distribution": "q_uniform", "min": 0.0, "max": 0.5, "q": 0.1},
        "alike": {"values": [True, 1, 1.0, "1", None, [1], {"a": 1}]},
        "epochs": {"value": 20},
    }
)
OPTUNAS = ("tpe", "qmc", "cmaes", "optuna.samplers.NSGAIISampler", "optuna.samplers.RandomSampler")
without_cmaes = pytest.mark.skipif(find_spec("cmaes") is None, reason="the extra cmaes is not installed")
BY_OPTUNA = [pytest.param(name, marks=without_cmaes if name == "cmaes" else ()) for name in OPTUNAS]
NAMES = ["grid", "random", *BY_OPTUNA]

Make = Callable[[int], Sampler]
finite = st.floats(-1e6, 1e6)
curves = st.lists(st.floats(), min_size=1, max_size=4).map(lambda values: tuple(enumerate(values, 1)))
tolds = st.one_of(
    st.builds(Told, st.just(TrialState.COMPLETE), finite),
    st.builds(Told, st.just(TrialState.PRUNED), st.none() | finite, curves),
    st.builds(Told, st.just(TrialState.FAILED), st.none() | finite),
)


@dataclass(frozen=True)
class Ask:
    """The next trial is asked for."""


@dataclass(frozen=True)
class Take:
    """The next trial is given the params that this seed draws."""

    seed: int


@dataclass(frozen=True)
class End:
    """One of the trials that run ends."""

    which: int
    told: Told


Event = Ask | Take | End
one_event = st.one_of(
    st.just(Ask()), st.just(Ask()), st.builds(Take, st.integers(0, 9)), st.builds(End, st.integers(0, 9), tolds)
)
events = st.lists(one_event, max_size=30)
# TPE takes milliseconds for a proposal, so an example takes as long as a hundred others.
few = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    chosen: str = request.param
    return chosen


@pytest.fixture
def space(name: str) -> Space:
    return FINITE if name == "grid" else MIXED


@pytest.fixture
def make(name: str, space: Space) -> Make:
    method = name if name in {"grid", "random"} else "bayes"
    return lambda seed: make_sampler(method, name, space, "minimize", seed)


@dataclass
class Session:
    """Asks and tells as events say, and remembers what a store would."""

    space: Space
    sampler: Sampler
    proposed: list[Proposal | None] = field(default_factory=list)
    running: list[int] = field(default_factory=list)
    told: dict[int, Told] = field(default_factory=dict)

    def play(self, events: Sequence[Event]) -> list[Params | None]:
        """Return the params of all trials."""
        for event in events:
            number = len(self.proposed)
            if isinstance(event, Ask):
                self.start(self.sampler.ask(number))
            elif isinstance(event, Take):
                drawn = self.space.sample(random.Random(event.seed))  # noqa: S311  # no secret depends on it
                self.start(self.sampler.take(number, drawn))
            elif self.running:
                ended = self.running.pop(event.which % len(self.running))
                self.told[ended] = event.told
                self.sampler.tell(ended, event.told)
        return self.params

    @property
    def params(self) -> list[Params | None]:
        return [None if proposal is None else proposal.params for proposal in self.proposed]

    def start(self, proposal: Proposal | None) -> None:
        if proposal is not None:
            self.running.append(len(self.proposed))
            self.proposed.append(proposal)

    def restart(self, sampler: Sampler) -> None:
        """Go on with a new sampler, which knows what was stored."""
        self.sampler = sampler
        for number, proposal in enumerate(self.proposed):
            if proposal is not None:
                memo = json.loads(json.dumps(dict(proposal.memo)))
                sampler.restore(number, Proposal(proposal.params, memo), self.told.get(number))


def prepared(space: Space, trials: int) -> list[Event]:
    """Return events that bring samplers beyond their first random trials: three at a time, a few pruned or failed."""
    made: list[Event] = [Ask(), Ask()]
    for number in range(trials):
        state = TrialState.PRUNED if number % 5 == 1 else TrialState.FAILED if number % 7 == 3 else TrialState.COMPLETE
        value = None if state is TrialState.FAILED else abs(number - 7.5)
        curve = ((1, 9.0), (2, abs(number - 7.5))) if state is TrialState.PRUNED else ()
        made += [Ask(), End(number, Told(state, value, curve))]
    return made if space.searched else []


@few
@given(seed=st.integers(0, 2**31), events=events)
def test_the_same_seed_and_events_give_the_same_proposals(
    make: Make, space: Space, seed: int, events: list[Event]
) -> None:
    one, two = Session(space, make(seed)), Session(space, make(seed))
    assert repr(one.play(events)) == repr(two.play(events))


@few
@given(
    seed=st.integers(0, 2**31),
    trials=st.integers(0, 20),
    events=st.lists(one_event, min_size=1, max_size=15),
    cuts=st.lists(st.integers(0, 50), min_size=1, max_size=2),
)
def test_an_interrupted_sweep_goes_on_as_if_it_had_not_been(
    make: Make, space: Space, seed: int, trials: int, events: list[Event], cuts: list[int]
) -> None:
    every = prepared(space, trials) + events
    whole, broken = Session(space, make(seed)), Session(space, make(seed))
    whole.play(every)
    done = 0
    for cut in sorted(cuts):
        broken.play(every[done:cut])
        broken.restart(make(seed))
        done = max(done, cut)
    broken.play(every[done:])
    assert repr(broken.params) == repr(whole.params)


@few
@given(seed=st.integers(0, 2**31), events=events)
def test_every_proposal_lies_in_the_space(make: Make, space: Space, seed: int, events: list[Event]) -> None:
    for params in Session(space, make(seed)).play(events):
        if params is not None:
            assert set(params) == set(space)
            assert space.encode(params).keys() == set(space.searched)
            assert params["epochs"] == 20


@few
@given(seed=st.integers(0, 2**31), told=tolds)
def test_what_is_learnt_is_no_trial(make: Make, space: Space, seed: int, told: Told) -> None:
    sampler = make(seed)
    for draw in range(12):
        sampler.learn(space.sample(random.Random(draw)), told)  # noqa: S311  # no secret depends on it
    session = Session(space, sampler)
    session.play([Ask(), Ask(), End(1, Told(TrialState.COMPLETE, 1.0)), End(0, told), Ask()])
    assert len(session.proposed) == 3


def test_what_was_learnt_is_learnt_again_before_trials_are_restored(make: Make, space: Space) -> None:
    def taught() -> Sampler:
        sampler = make(7)
        for draw in range(12):
            sampler.learn(space.sample(random.Random(draw)), Told(TrialState.COMPLETE, float(draw)))  # noqa: S311
        return sampler

    whole, broken = Session(space, taught()), Session(space, taught())
    whole.play(prepared(space, 8))
    broken.play(prepared(space, 8)[:9])
    broken.restart(taught())
    broken.play(prepared(space, 8)[9:])
    assert repr(broken.params) == repr(whole.params)


def test_given_params_are_what_the_trial_gets(make: Make) -> None:
    given = {"depth": 2, "q": 0.3, "alike": [1], "lr": 0.01, "dropout": 0.25}
    sampler = make(7)
    known = {name: value for name, value in given.items() if name in sampler.ask(0).params}  # type: ignore[union-attr]
    assert sampler.take(1, known).params == {**known, "epochs": 20}
    sampler.tell(1, Told(TrialState.COMPLETE, 1.0))


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ({"depth": 9}, r"parameters\.depth: 9 lies outside 1 to 4"),
        ({"dpeth": 1}, r"parameters\.dpeth: there is no such parameter; did you mean 'depth'\?"),
        ({"epochs": 5}, r"parameters\.epochs: 5 is not the constant 20"),
    ],
)
def test_params_that_are_not_in_the_space_are_refused(make: Make, space: Space, wrong: Params, problem: str) -> None:
    point = space.sample(random.Random(1))  # noqa: S311  # no secret depends on it
    sampler = make(7)
    with pytest.raises(InvalidSweep, match=problem):
        sampler.take(0, {**point, **wrong})
    with pytest.raises(InvalidSweep, match=problem):
        sampler.learn({**point, **wrong}, Told(TrialState.COMPLETE, 1.0))
    with pytest.raises(InvalidSweep, match=r"parameters\.alike: has no value"):
        sampler.take(0, {name: value for name, value in point.items() if name != "alike"})
    assert sampler.ask(0) is not None


def test_trials_without_a_value_are_fine(make: Make) -> None:
    for every in (1, 2):
        sampler = make(7)
        for number in range(24):
            assert sampler.ask(number) is not None
            failed = number % every == 0
            sampler.tell(
                number, Told(TrialState.FAILED if failed else TrialState.COMPLETE, None if failed else float(number))
            )


def test_trials_may_end_in_any_order_and_late(make: Make) -> None:
    sampler = make(7)
    assert all(sampler.ask(number) is not None for number in range(8))
    for number in (5, 0, 7, 1):
        sampler.tell(number, Told(TrialState.COMPLETE, float(number)))
    assert sampler.ask(8) is not None


def test_values_that_python_takes_for_equal_stay_apart(make: Make) -> None:
    sampler, seen = make(7), set()
    for number in range(140):
        proposal = sampler.ask(number)
        if proposal is None:
            break
        seen.add(repr(proposal.params["alike"]))
        sampler.tell(number, Told(TrialState.FAILED, None))
    assert seen == {"True", "1", "1.0", "'1'", "None", "[1]", "{'a': 1}"}


def test_a_trial_that_changes_its_params_changes_nobody_elses(make: Make) -> None:
    def draw(sampler: Sampler, *, spoil: bool) -> list[str]:
        drawn = []
        for number in range(40):
            proposal = sampler.ask(number)
            drawn.append(repr(proposal and proposal.params))
            inner = proposal.params["alike"] if proposal else None
            if spoil and isinstance(inner, list | dict):
                inner.clear()
            sampler.tell(number, Told(TrialState.COMPLETE, 1.0))
        return drawn

    assert draw(make(7), spoil=True) == draw(make(7), spoil=False)


def test_nobody_elses_random_numbers_are_touched(make: Make, space: Space) -> None:
    before = random.getstate(), repr(np.random.get_state())  # noqa: NPY002  # the global one is what is looked at
    Session(space, make(7)).play(prepared(space, 12))
    assert (random.getstate(), repr(np.random.get_state())) == before  # noqa: NPY002


def test_nothing_is_said(
    make: Make, space: Space, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    Session(space, make(7)).play(prepared(space, 12))
    assert caplog.records == []
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("name", ["random", *BY_OPTUNA])
def test_another_seed_gives_other_proposals(make: Make, space: Space) -> None:
    events = [Ask(), Ask(), Ask()]
    assert Session(space, make(1)).play(events) != Session(space, make(2)).play(events)


@pytest.mark.parametrize("method", ["random", "bayes"])
def test_a_space_without_anything_to_search_gives_its_one_point_for_ever(method: str) -> None:
    sampler = make_sampler(method, None, Space.from_parameters({"a": {"value": 1}}), "minimize", 7)
    for number in range(3):
        assert sampler.ask(number) == Proposal({"a": 1})
        sampler.tell(number, Told(TrialState.COMPLETE, 1.0))
