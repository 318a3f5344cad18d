"""Optuna's samplers as ours, with Optuna's own `optimize` as the judge."""

from __future__ import annotations

import json
import logging
import math
import pickle
import subprocess
import sys
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path
from threading import Thread
from typing import Literal

import optuna
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.samplers import BaseSampler, CmaEsSampler, NSGAIISampler, TPESampler

from sweeps.errors import SweepError
from sweeps.samplers import Params, Proposal, Sampler, Told, make_sampler
from sweeps.samplers.optuna import OptunaSampler
from sweeps.space import Space
from sweeps.trial import TrialState, trial_seed

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
without_cmaes = pytest.mark.skipif(find_spec("cmaes") is None, reason="the extra cmaes is not installed")
JUDGES: dict[str, Callable[[int], BaseSampler]] = {
    "tpe": lambda seed: TPESampler(seed=seed),
    "cmaes": lambda seed: CmaEsSampler(seed=seed, warn_independent_sampling=False),
    "optuna.samplers.NSGAIISampler": lambda seed: NSGAIISampler(seed=seed),
}
NAMES = [pytest.param(name, marks=without_cmaes if name == "cmaes" else ()) for name in JUDGES]


def complete(value: float) -> Told:
    return Told(TrialState.COMPLETE, value)


FAILED = Told(TrialState.FAILED, None)


def asked(sampler: Sampler, number: int) -> Params:
    proposal = sampler.ask(number)
    assert proposal is not None
    return proposal.params


def told_of(number: int, params: Mapping[str, object]) -> Told:
    """Return how a trial ends: some are pruned, one of them without having been anywhere good, and some fail."""
    loss = float(str(params["lr"])) * 10 - float(str(params["depth"])) + (0.5 if params["choice"] is True else 0.0)
    if number % 5 == 4:
        return FAILED
    if number % 3 == 1:
        last = math.nan if number % 2 else loss
        return Told(TrialState.PRUNED, loss, ((1, loss + 1), (2, loss), (5, last)))
    return complete(loss)


def optimized(make: Callable[[int], BaseSampler], goal: Goal, trials: int) -> list[dict[str, object]]:
    """Let Optuna do it all: every trial by a sampler of its own."""
    worst = math.inf if goal == "minimize" else -math.inf
    drawn = []

    def objective(trial: optuna.Trial) -> float:
        choice = trial.suggest_categorical("choice", [0, 1, 2])
        params: dict[str, object] = {
            "choice": CHOICES[choice],
            "depth": trial.suggest_int("depth", 1, 4),
            "dropout": trial.suggest_float("dropout", 0.0, 0.5),
            "lr": trial.suggest_float("lr", 1e-4, 0.1, log=True),
            "q": trial.suggest_int("q", 0, 4) * 0.25,
        }
        drawn.append(params)
        told = told_of(trial.number, params)
        for step, value in told.curve:
            trial.report(value if math.isfinite(value) else worst, step)
        if told.state is TrialState.PRUNED:
            raise optuna.TrialPruned
        return math.nan if told.value is None else told.value

    study = optuna.create_study(direction=goal)
    for number in range(trials):
        study.sampler = make(trial_seed(7, number))
        study.optimize(objective, n_trials=1)
    return drawn


@pytest.mark.parametrize("goal", ["minimize", "maximize"])
@pytest.mark.parametrize("name", NAMES)
def test_equals_optunas_own_optimize(name: str, goal: Goal) -> None:
    ours = OptunaSampler(name, SPACE, goal, seed=7)
    drawn = []
    for number in range(40):
        drawn.append(asked(ours, number))
        ours.tell(number, told_of(number, drawn[-1]))
    assert repr([dict(sorted(params.items())) for params in drawn]) == repr(optimized(JUDGES[name], goal, 40))


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
            params = asked(ours, number)
            assert params["lr"] == trials[number].params["lr"]
            assert params["depth"] == trials[number].params["depth"]
        for each in order:
            ours.tell(start + each, complete(float(each)))
            judge.tell(trials[start + each], float(each))


def test_known_points_and_earlier_trials_equal_those_that_optuna_is_given() -> None:
    ours = OptunaSampler("tpe", SPACE, "minimize", seed=7)
    judge = optuna.create_study()
    points = [SPACE.at(dict.fromkeys(SPACE, share / 20)) for share in range(20)]
    for number, point in enumerate(points):
        told = told_of(number, point)
        at = {**point, "choice": SPACE.encode(point)["choice"], "q": SPACE.encode(point)["q"]}
        if number < 12:
            ours.learn(point, told)
        else:
            assert ours.take(number - 12, point).params == point
            ours.tell(number - 12, told)
        state = getattr(optuna.trial.TrialState, "FAIL" if told.state is TrialState.FAILED else told.state.name)
        curve = {step: value if math.isfinite(value) else math.inf for step, value in told.curve}
        value = curve[5] if curve else told.value
        judge.add_trial(
            optuna.trial.create_trial(
                state=state, value=value, params=at, distributions=OPTUNAS, intermediate_values=curve
            )
        )
    for number in range(8, 12):
        judge.sampler = TPESampler(seed=trial_seed(7, number))
        assert asked(ours, number)["lr"] == judge.ask(OPTUNAS).params["lr"]


def test_what_others_draw_does_not_change_what_it_draws() -> None:
    alone, beside = (OptunaSampler("tpe", SPACE, "minimize", seed=7) for _ in range(2))
    for number in range(15):
        # A user's own study in the same process, with Optuna's global random state.
        optuna.create_study().ask(OPTUNAS)
        assert alone.ask(number) == beside.ask(number)
        alone.tell(number, complete(float(number)))
        beside.tell(number, complete(float(number)))


@pytest.mark.parametrize("goal", ["minimize", "maximize"])
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_value_that_is_not_finite_teaches_nothing(goal: Goal, value: float) -> None:
    one, other = (OptunaSampler("tpe", SPACE, goal, seed=7) for _ in range(2))
    for number in range(15):
        assert one.ask(number) == other.ask(number)
        one.tell(number, complete(value) if number % 5 == 0 else complete(float(number)))
        other.tell(number, FAILED if number % 5 == 0 else complete(float(number)))


@pytest.mark.parametrize(("goal", "better"), [("minimize", -math.inf), ("maximize", math.inf)])
@pytest.mark.parametrize("left", [math.nan, math.inf, -math.inf])
def test_a_curve_that_leaves_the_finite_is_worse_than_any_other(goal: Goal, better: float, left: float) -> None:
    def last_of(value: float) -> Params:
        sampler = OptunaSampler("tpe", SPACE, goal, seed=7)
        for number in range(15):
            sampler.ask(number)
            sampler.tell(number, Told(TrialState.PRUNED, 1.0, ((1, 1.0), (2, value if number < 3 else 0.5))))
        return asked(sampler, 15)

    assert last_of(left) == last_of(-better) == last_of(-math.copysign(1e300, better))
    assert last_of(left) != last_of(math.copysign(1e300, better))


def test_a_pruned_trial_without_a_curve_counts_by_its_value() -> None:
    def last_of(told: Callable[[int], Told]) -> Params:
        sampler = OptunaSampler("tpe", SPACE, "minimize", seed=7)
        for number in range(15):
            sampler.ask(number)
            sampler.tell(number, told(number))
        return asked(sampler, 15)

    by_value = last_of(lambda number: Told(TrialState.PRUNED, float(number)))
    assert by_value == last_of(lambda number: Told(TrialState.PRUNED, None, ((1, float(number)),)))
    assert by_value != last_of(lambda _: Told(TrialState.PRUNED, None))


def test_an_imputed_value_of_a_failed_trial_counts() -> None:
    one, other = (OptunaSampler("tpe", SPACE, "minimize", seed=7) for _ in range(2))
    for number in range(15):
        assert one.ask(number) == other.ask(number)
        one.tell(number, Told(TrialState.FAILED, float(number)))
        other.tell(number, complete(float(number)))


class Loud:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self.path,)


def chunks(pickled: object) -> dict[str, object]:
    text = pickle.dumps(pickled).hex()
    return {f"cma:optimizer:{place}": text[at : at + 20] for place, at in enumerate(range(0, len(text), 20))}


# S29.
@without_cmaes
def test_no_pickle_of_others_is_let_in_from_the_store(tmp_path: Path) -> None:
    memo = {"at": SPACE.encode(SPACE.at({})), "noted": chunks(Loud(tmp_path / "was here"))}
    sampler = OptunaSampler("cmaes", SPACE, "minimize", seed=7)
    with pytest.raises(SweepError, match=r"no optimizer of CMA-ES where there should be one: it names pathlib\.Path"):
        sampler.restore(0, Proposal(SPACE.at({}), memo), complete(1.0))
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(SweepError, match="no optimizer of CMA-ES"):
        sampler.restore(0, Proposal(SPACE.at({}), {"noted": {"cma:optimizer:0": "80"}}), complete(1.0))


def test_a_trial_without_a_memo_is_restored_by_its_params() -> None:
    whole, broken = (OptunaSampler("tpe", SPACE, "minimize", seed=7) for _ in range(2))
    for number in range(15):
        proposal = whole.ask(number)
        assert proposal is not None
        whole.tell(number, complete(float(number)))
        broken.restore(number, Proposal(proposal.params), complete(float(number)))
    assert asked(broken, 15) == asked(whole, 15)


def test_memos_are_short() -> None:
    sampler = OptunaSampler("tpe", SPACE, "minimize", seed=7)
    for number in range(15):
        proposal = sampler.ask(number)
        assert proposal is not None
        assert len(json.dumps(proposal.memo)) < 150
        sampler.tell(number, complete(float(number)))


def test_neither_optunas_level_nor_what_users_do_with_it_changes() -> None:
    level, handlers = optuna.logging.get_verbosity(), list(logging.getLogger("optuna").handlers)
    seen: list[str] = []

    class Hearing(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            seen.append(record.getMessage())

    class Theirs(optuna.samplers.RandomSampler):
        """A sampler whose user starts a study in another thread, in the middle of ours."""

        def sample_independent(self, *told: object) -> object:
            thread = Thread(target=optuna.create_study, kwargs={"study_name": "theirs"})
            thread.start()
            thread.join()
            return super().sample_independent(*told)  # type: ignore[arg-type]

    hearing = Hearing()
    optuna.logging.set_verbosity(optuna.logging.INFO)
    logging.getLogger("optuna").addHandler(hearing)
    sys.modules["theirs"] = type(sys)("theirs")
    sys.modules["theirs"].Theirs = Theirs  # type: ignore[attr-defined]
    try:
        OptunaSampler("theirs.Theirs", SPACE, "minimize", seed=7).ask(0)
        assert optuna.logging.get_verbosity() == optuna.logging.INFO
        assert [handler.filters for handler in handlers] == [[] for _ in handlers]
    finally:
        logging.getLogger("optuna").removeHandler(hearing)
        optuna.logging.set_verbosity(level)
        del sys.modules["theirs"]
    assert seen == ["A new study created in memory with name: theirs"] * len(OPTUNAS)


def test_a_program_hears_nothing_of_optuna() -> None:
    code = (
        "from sweeps.samplers import Told, make_sampler; from sweeps.space import Space\n"
        "from sweeps.trial import TrialState\n"
        "space = Space.from_parameters({'a': {'values': [1, 2]}, 'x': {'min': 0.0, 'max': 1.0}})\n"
        "for name in ('tpe', 'qmc', 'optuna.samplers.NSGAIIISampler'):\n"
        "    sampler = make_sampler('bayes', name, space, 'minimize', 0)\n"
        "    for number in range(14):\n"
        "        sampler.ask(number)\n"
        "        sampler.tell(number, Told(TrialState.COMPLETE, 1.0))\n"
    )
    done = subprocess.run([sys.executable, "-W", "always", "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def best_of(sampler: Sampler, trials: int) -> float:
    """Return how near a sampler comes to the minimum of a paraboloid, which is 0."""
    best = float("inf")
    for number in range(trials):
        params = asked(sampler, number)
        value = sum((float(str(params[name])) - 0.3) ** 2 for name in "xyz")
        sampler.tell(number, complete(value))
        best = min(best, value)
    return best


@pytest.mark.parametrize("name", ["tpe", pytest.param("cmaes", marks=without_cmaes)])
def test_beats_random_search_on_a_paraboloid(name: str) -> None:
    space = Space.from_parameters({name: {"min": -1.0, "max": 1.0} for name in "xyz"})
    wins = sum(
        best_of(make_sampler("bayes", name, space, "minimize", seed), 50)
        < best_of(make_sampler("random", None, space, "minimize", seed), 50)
        for seed in range(5)
    )
    assert wins >= 4


def test_a_quasirandom_sequence_fills_the_space_evenly() -> None:
    sampler = make_sampler("bayes", "qmc", Space.from_parameters({"x": {"min": 0.0, "max": 1.0}}), "minimize", 3)
    drawn = [float(str(asked(sampler, number)["x"])) for number in range(17)]
    # The first is drawn for itself; of the sequence's next sixteen, every sixteenth of the line has one.
    assert sorted(int(16 * x) for x in drawn[1:]) == list(range(16))


def test_goes_the_way_of_the_goal() -> None:
    def mean_of_the_last(goal: Goal) -> float:
        sampler = make_sampler("bayes", None, Space.from_parameters({"x": {"min": 0.0, "max": 1.0}}), goal, 3)
        drawn = []
        for number in range(40):
            x = float(str(asked(sampler, number)["x"]))
            sampler.tell(number, complete(x))
            drawn.append(x)
        return sum(drawn[-20:]) / 20

    assert mean_of_the_last("minimize") < 0.3
    assert mean_of_the_last("maximize") > 0.7


@pytest.mark.campaign
@pytest.mark.timeout(900)
@pytest.mark.skipif(find_spec("torch") is None, reason="the extra gp is not installed")
def test_a_gaussian_process_goes_on_after_a_restart() -> None:
    whole, broken = (OptunaSampler("gp", SPACE, "minimize", seed=7) for _ in range(2))
    for number in range(15):
        proposal = whole.ask(number)
        assert proposal is not None
        told = told_of(number, proposal.params) if number != 13 else None
        if told is not None:
            whole.tell(number, told)
        memo = json.loads(json.dumps(proposal.memo))
        broken.restore(number, Proposal(proposal.params, memo), told)
    assert [asked(broken, number) for number in (15, 16)] == [asked(whole, number) for number in (15, 16)]
