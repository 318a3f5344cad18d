from __future__ import annotations

import numpy as np
import optuna
from hypothesis import given
from hypothesis import strategies as st

from sweeps.samplers import Told
from sweeps.samplers.optuna import OptunaSampler
from sweeps.samplers.rows import Column, Columns, Rows
from sweeps.space import Space
from sweeps.trial import TrialState, trial_seed


def value(name: str, number: int) -> float:
    return number * 10.0 + ord(name)


class Asked:
    """Rows of trials, which remember what was computed."""

    def __init__(self) -> None:
        self.rows = Rows()
        self.computed: list[tuple[str, int]] = []

    def columns(self, names: str, numbers: list[int]) -> Columns | None:
        def compute(place: int) -> dict[str, Column]:
            self.computed += [(name, numbers[place]) for name in names]
            return {name: np.array([value(name, numbers[place])]) for name in names}

        return self.rows.columns(names, numbers, compute)


@given(st.lists(st.lists(st.integers(0, 2000), unique=True, max_size=20), max_size=8))
def test_columns_are_those_that_were_computed_and_no_row_is_computed_twice(asked: list[list[int]]) -> None:
    rows = Asked()
    for numbers in asked:
        found = rows.columns("ab", numbers)
        assert found is not None
        assert {name: column.tolist() for name, column in found.items()} == {
            name: [value(name, number) for number in numbers] for name in "ab"
        }
        for column in found.values():
            column[:] = -1.0  # what is returned is the caller's
    assert len(rows.computed) == len(set(rows.computed))


def test_other_names_have_other_rows() -> None:
    rows = Asked()
    for names in ("ab", "b", "ba", "ab"):
        found = rows.columns(names, [3, 1])
        assert found is not None
        assert [found[name].tolist() for name in names] == [[value(name, 3), value(name, 1)] for name in names]


def test_a_trial_without_a_row_makes_no_table() -> None:
    assert Rows().columns(("a",), [0], lambda _: {"a": np.empty(0)}) is None


def test_after_hundreds_of_trials_proposals_are_still_optunas() -> None:
    names = ("a", "b", "c")
    space = Space.from_parameters({name: {"min": 0.0, "max": 1.0} for name in names})
    ours = OptunaSampler("tpe", space, "minimize", seed=7)
    judge = optuna.create_study()
    distributions: dict[str, optuna.distributions.BaseDistribution] = {
        name: optuna.distributions.FloatDistribution(0.0, 1.0) for name in names
    }
    generator = np.random.default_rng(7)
    for number in range(600):
        point = dict(zip(names, generator.random(3).tolist(), strict=True))
        ours.learn(point, Told(TrialState.COMPLETE, float(number % 17)))
        judge.add_trial(optuna.trial.create_trial(params=point, distributions=distributions, value=float(number % 17)))
    for number in range(12):
        judge.sampler = optuna.samplers.TPESampler(seed=trial_seed(7, number))
        proposal, trial = ours.ask(number), judge.ask(distributions)
        assert proposal is not None
        assert proposal.params == trial.params
        if number % 3:
            ours.tell(number, Told(TrialState.COMPLETE, -1.0))
            judge.tell(trial, -1.0)
