"""Our TPE, with Optuna's own study as the judge."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import optuna
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.samplers import TPESampler

from sweeps.samplers import Sampler, make_sampler
from sweeps.samplers.optuna import OptunaSampler
from sweeps.space import Space
from sweeps.trial import trial_seed

Goal = Literal["minimize", "maximize"]

CHOICES = [True, 1, 1.0]
SPACE = Space.from_parameters(
    {
        "lr": {"distribution": "log_uniform_values", "min": 1e-4, "max": 0.1},
        "dropout": {"min": 0.0, "max": 0.5},
        "depth": {"min": 1, "max": 4},
        "choice": {"values": CHOICES},
        "q": {"distribution": "q_uniform", "min": 0.0, "max": 1.0, "q": 0.25},
    }
)
# The same space as a user of Optuna would write it; in alphabetical order, as ours is.
OPTUNAS: dict[str, BaseDistribution] = {
    "choice": CategoricalDistribution([0, 1, 2]),
    "depth": IntDistribution(1, 4),
    "dropout": FloatDistribution(0.0, 0.5),
    "lr": FloatDistribution(1e-4, 0.1, log=True),
    "q": IntDistribution(0, 4),
}


def objective(params: Mapping[str, object]) -> float:
    lr, depth, choice = params["lr"], params["depth"], params["choice"]
    assert isinstance(lr, float)
    assert isinstance(depth, int)
    return lr * 10 - depth + (0.5 if choice is True else 0.0)


@pytest.mark.parametrize("goal", ["minimize", "maximize"])
def test_equals_optunas_own_study(goal: Goal) -> None:
    ours = OptunaSampler("tpe", SPACE, goal, seed=7)
    judge = optuna.create_study(direction=goal)
    for number in range(30):
        params = ours.ask(number)
        assert params is not None
        judge.sampler = TPESampler(seed=trial_seed(7, number))
        trial = judge.ask(OPTUNAS)
        asked = trial.params
        assert params == {
            **asked,
            "choice": CHOICES[asked["choice"]],
            "q": asked["q"] * 0.25,
        }
        assert type(params["choice"]) is type(CHOICES[asked["choice"]])
        if number % 5 == 4:
            ours.tell(number, None)
            judge.tell(trial, state=optuna.trial.TrialState.FAIL)
        else:
            value = objective(params)
            ours.tell(number, value)
            judge.tell(trial, value)


@settings(max_examples=15, deadline=None)
@given(st.permutations(range(4)), st.integers(0, 2**31))
def test_equals_optunas_own_study_when_trials_overlap(order: list[int], seed: int) -> None:
    ours = OptunaSampler("tpe", SPACE, "minimize", seed)
    judge = optuna.create_study()
    for start in range(0, 16, 4):
        trials = {}
        for number in range(start, start + 4):
            judge.sampler = TPESampler(seed=trial_seed(seed, number))
            trials[number] = judge.ask(OPTUNAS)
            params = ours.ask(number)
            assert params is not None
            assert params["lr"] == trials[number].params["lr"]
            assert params["depth"] == trials[number].params["depth"]
        for each in order:
            ours.tell(start + each, float(each))
            judge.tell(trials[start + each], float(each))


def test_what_others_draw_does_not_change_what_it_draws() -> None:
    alone, beside = (OptunaSampler("tpe", SPACE, "minimize", seed=7) for _ in range(2))
    for number in range(15):
        # A user's own study in the same process, with Optuna's global random state.
        optuna.create_study().ask(OPTUNAS)
        assert alone.ask(number) == beside.ask(number)
        alone.tell(number, float(number))
        beside.tell(number, float(number))


def best_of(sampler: Sampler, trials: int) -> float:
    """Return how near a sampler comes to the minimum of a paraboloid, which is 0."""
    best = float("inf")
    for number in range(trials):
        params = sampler.ask(number) or {}
        value = sum((float(str(params[name])) - 0.3) ** 2 for name in "xyz")
        sampler.tell(number, value)
        best = min(best, value)
    return best


def test_beats_random_search_on_a_paraboloid() -> None:
    space = Space.from_parameters({name: {"min": -1.0, "max": 1.0} for name in "xyz"})
    wins = sum(
        best_of(make_sampler("bayes", "tpe", space, "minimize", seed), 50)
        < best_of(make_sampler("random", None, space, "minimize", seed), 50)
        for seed in range(5)
    )
    assert wins >= 4


def test_goes_the_way_of_the_goal() -> None:
    def mean_of_the_last(goal: Goal) -> float:
        sampler = make_sampler("bayes", None, Space.from_parameters({"x": {"min": 0.0, "max": 1.0}}), goal, 3)
        drawn = []
        for number in range(40):
            x = float(str((sampler.ask(number) or {})["x"]))
            sampler.tell(number, x)
            drawn.append(x)
        return sum(drawn[-20:]) / 20

    assert mean_of_the_last("minimize") < 0.3
    assert mean_of_the_last("maximize") > 0.7
