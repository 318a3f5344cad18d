"""What every sampler keeps to, whatever it does inside."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sweeps.samplers import Params, Sampler, make_sampler
from sweeps.space import Space

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
SPACES = {"grid": FINITE, "random": MIXED, "bayes": MIXED}

Make = Callable[[int], Sampler]
# Asks and tells: None asks for the next trial; a number and a value tell how one that runs has ended.
Events = Sequence[tuple[int, float | None] | None]
finite = st.floats(-1e6, 1e6)
events = st.lists(st.one_of(st.none(), st.tuples(st.integers(0, 9), st.none() | finite)), max_size=30)
# TPE takes milliseconds for a proposal, so an example takes as long as a hundred others.
few = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(params=["grid", "random", "bayes"])
def method(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def space(method: str) -> Space:
    return SPACES[method]


@pytest.fixture
def make(method: str, space: Space) -> Make:
    return lambda seed: make_sampler(method, None, space, "minimize", seed)


def play(sampler: Sampler, events: Events) -> list[Params | None]:
    """Ask and tell as the events say; return what was proposed."""
    proposed: list[Params | None] = []
    running: list[int] = []
    for event in events:
        if event is None:
            running.append(len(proposed))
            proposed.append(sampler.ask(len(proposed)))
            if proposed[-1] is None:
                running.pop()
        elif running:
            which, value = event
            sampler.tell(running.pop(which % len(running)), value)
    return proposed


@few
@given(seed=st.integers(0, 2**31), events=events)
def test_the_same_seed_and_events_give_the_same_proposals(make: Make, seed: int, events: Events) -> None:
    assert repr(play(make(seed), events)) == repr(play(make(seed), events))


@few
@given(seed=st.integers(0, 2**31), events=events)
def test_every_proposal_lies_in_the_space(make: Make, space: Space, seed: int, events: Events) -> None:
    for params in play(make(seed), events):
        if params is not None:
            assert set(params) == set(space)
            assert space.encode(params).keys() == set(space.searched)
            assert params["epochs"] == 20


def test_trials_without_a_value_are_fine(make: Make) -> None:
    sampler = make(7)
    for number in range(24):
        assert sampler.ask(number) is not None
        sampler.tell(number, None if number % 2 else 1.0)
    sampler = make(7)
    for number in range(24):
        assert sampler.ask(number) is not None
        sampler.tell(number, None)


def test_trials_may_end_in_any_order_and_late(make: Make) -> None:
    sampler = make(7)
    assert all(sampler.ask(number) is not None for number in range(8))
    for number in (5, 0, 7, 1):
        sampler.tell(number, float(number))
    assert sampler.ask(8) is not None


def test_values_that_python_takes_for_equal_stay_apart(make: Make) -> None:
    sampler, seen = make(7), set()
    for number in range(140):
        params = sampler.ask(number)
        if params is None:
            break
        seen.add(repr(params["alike"]))
        sampler.tell(number, None)
    assert seen == {"True", "1", "1.0", "'1'", "None", "[1]", "{'a': 1}"}


def test_a_trial_that_changes_its_params_changes_nobody_elses(make: Make) -> None:
    def draw(sampler: Sampler, *, spoil: bool) -> list[str]:
        drawn = []
        for number in range(40):
            params = sampler.ask(number)
            drawn.append(repr(params))
            inner = params["alike"] if params else None
            if spoil and isinstance(inner, list | dict):
                inner.clear()
            sampler.tell(number, 1.0)
        return drawn

    assert draw(make(7), spoil=True) == draw(make(7), spoil=False)


@pytest.mark.parametrize("method", ["random", "bayes"])
def test_another_seed_gives_other_proposals(make: Make) -> None:
    assert make(1).ask(0) != make(2).ask(0)


@pytest.mark.parametrize("method", ["random", "bayes"])
def test_a_space_without_anything_to_search_gives_its_one_point_for_ever(method: str) -> None:
    sampler = make_sampler(method, None, Space.from_parameters({"a": {"value": 1}}), "minimize", 7)
    for number in range(3):
        assert sampler.ask(number) == {"a": 1}
        sampler.tell(number, 1.0)
