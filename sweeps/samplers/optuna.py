"""Optuna's samplers behind our interface: a study in memory, asked and told from outside.

Optuna sees coordinates on axes (categories by index), never the values themselves: to it, True, 1 and 1.0 would be
one choice. Each trial is drawn by a sampler with a seed of its own, so that a sweep is a function of its seed and
the order of asks and tells.
"""

from __future__ import annotations

from collections.abc import Callable

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.samplers import BaseSampler, TPESampler
from optuna.trial import Trial, TrialState

from ..space import Axis, FloatAxis, IntAxis, Space
from ..trial import Goal, trial_seed
from .interface import Params

optuna.logging.set_verbosity(optuna.logging.ERROR)

Make = Callable[[int], BaseSampler]

SAMPLERS: dict[str, Make] = {"tpe": lambda seed: TPESampler(seed=seed)}


class OptunaSampler:
    """One of Optuna's samplers."""

    def __init__(self, name: str, space: Space, goal: Goal, seed: int) -> None:
        self._space = space
        self._seed = seed
        self._make: Make = SAMPLERS[name]
        self._axes = {name: _distribution(axis) for name, axis in space.axes.items()}
        self._study = optuna.create_study(direction=goal)
        self._asked: dict[int, Trial] = {}

    def ask(self, number: int) -> Params | None:
        """Propose the params of this number."""
        self._study.sampler = self._make(trial_seed(self._seed, number))
        trial = self._study.ask(self._axes)
        self._asked[number] = trial
        return self._space.decode(trial.params)

    def tell(self, number: int, value: float | None) -> None:
        """Say how the trial ended; one without a value counts as failed and teaches nothing."""
        trial = self._asked.pop(number)
        if value is None:
            self._study.tell(trial, state=TrialState.FAIL)
        else:
            self._study.tell(trial, value)


def _distribution(axis: Axis) -> BaseDistribution:
    if isinstance(axis, FloatAxis):
        return FloatDistribution(axis.low, axis.high, log=axis.log)
    if isinstance(axis, IntAxis):
        return IntDistribution(axis.low, axis.high)
    return CategoricalDistribution(range(axis.count))
