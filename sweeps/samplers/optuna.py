"""Optuna's samplers behind our interface: a study in memory, asked and told from outside.

Optuna sees coordinates on axes (categories by index), never the values themselves: to it, True, 1 and 1.0 would be
one choice. Each trial is drawn by a sampler of its own, with a seed of its own: so a sweep is a function of its seed
and of its trials, and what the next proposal depends on can be found again after a restart. That is, beside the
trials, what samplers note in Optuna's system attributes; each trial's memo keeps what was noted when it was asked for.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.samplers import (
    BaseSampler,
    BruteForceSampler,
    CmaEsSampler,
    GPSampler,
    QMCSampler,
    RandomSampler,
    TPESampler,
)
from optuna.storages import InMemoryStorage
from optuna.study import Study, create_study
from optuna.trial import FrozenTrial, TrialState, create_trial

from .. import trial as trials
from ..errors import InvalidSweep, SweepError
from ..space import Axis, ChoiceAxis, FloatAxis, IntAxis, Space
from ..trial import Goal, trial_seed
from . import dotted, libraries, pickled
from .given import completed
from .interface import Params, Proposal, Told
from .quiet import quiet
from .rows import Columns, Rows

Coordinates = Mapping[str, float]
Attributes = dict[str, object]
# Seeds of the sweep and of the trial → a sampler.
Make = Callable[[int, int], BaseSampler]

_LIBRARY, _STUDY = "optuna", "sweep"
_AT, _NOTED, _STUDY_NOTED = "at", "noted", "study"
# A proposal's own params in JSON, for other processes; they are in the memo already.
_REDUNDANT = "relative_params"
_WORST = {"minimize": math.inf, "maximize": -math.inf}


@dataclass(frozen=True, slots=True)
class _Kind:
    """A sort of sampler.

    Attributes:
        make: makes one.
        settled: the axes that it draws together stay the same once it has found any, in a space that stays the same.
        kept: it is made once; of samplers that are not Optuna's, nobody knows what they remember.
    """

    make: Make
    settled: bool = False
    kept: bool = False


class _Tpe(TPESampler):
    """TPE that looks at each trial once: at 5,000 trials, for every proposal, that takes half of Optuna's time."""

    rows: Rows

    def _get_internal_repr(
        self, trials: list[FrozenTrial], search_space: dict[str, BaseDistribution], study: Study
    ) -> Columns:
        represent = super()._get_internal_repr
        columns = self.rows.columns(
            tuple(search_space),
            [trial.number for trial in trials],
            lambda place: represent([trials[place]], search_space, study),
        )
        return represent(trials, search_space, study) if columns is None else columns


# What has no promise to stay is not relied on.
_KNOWN = ["self", "trials", "search_space", "study"]
_IS_KNOWN = [*inspect.signature(getattr(TPESampler, "_get_internal_repr", str)).parameters] == _KNOWN


def _tpe(rows: Rows, _: int, seed: int) -> BaseSampler:
    if not _IS_KNOWN:
        return TPESampler(seed=seed)
    sampler = _Tpe(seed=seed)
    sampler.rows = rows
    return sampler


def _gp(_: int, seed: int) -> BaseSampler:
    return GPSampler(seed=seed, warn_independent_sampling=False)


def _cmaes(_: int, seed: int) -> BaseSampler:
    return CmaEsSampler(seed=seed, warn_independent_sampling=False)


def _qmc(sweep: int, seed: int) -> BaseSampler:
    """Make a sampler of one sequence for all trials, scrambled (Owen, 1995), so that another seed gives another one."""
    return dotted.make(
        QMCSampler,
        scramble=True,
        seed=sweep,
        independent_sampler=RandomSampler(seed=seed),
        warn_independent_sampling=False,
    )


# For each sweep, what makes its samplers; and the class, which says what it needs.
BY_NAME: Mapping[str, tuple[Callable[[], _Kind], type[BaseSampler]]] = {
    "tpe": (lambda: _Kind(partial(_tpe, Rows()), settled=True), TPESampler),
    "gp": (lambda: _Kind(_gp, settled=True), GPSampler),
    "cmaes": (lambda: _Kind(_cmaes, settled=True), CmaEsSampler),
    "qmc": (lambda: _Kind(_qmc), QMCSampler),
}


class OptunaSampler:
    """One of Optuna's samplers, or one that is written for Optuna."""

    quick = False

    def __init__(self, name: str, space: Space, goal: Goal, seed: int) -> None:
        self._name = name
        self._space = space
        self._axes = space.axes
        self._worst = _WORST[goal]
        self._distributions = {name: _distribution(axis) for name, axis in self._axes.items()}
        self._sower = _Sower(_kind(name, space), seed)
        self._storage = InMemoryStorage()
        self._study = _study(self._storage, self._sower, goal)
        self._study_id = self._storage.get_study_id_from_name(_STUDY)
        # Where Optuna has our trials: it counts those of earlier sweeps as well.
        self._numbers: dict[int, int] = {}
        self._count = 0

    def ask(self, number: int) -> Proposal | None:
        """Propose the params of this number."""
        self._sower.sow(number)
        before = self._storage.get_study_system_attrs(self._study_id)
        with self._own("proposes", number):
            trial = self._study.ask(self._distributions)
        self._numbers[number], self._count = trial.number, trial.number + 1
        at = {name: _number(axis, trial.params[name]) for name, axis in self._axes.items()}
        noted = self._storage.get_trial(self._trial_id(number)).system_attrs
        memo = {
            _AT: at,
            _NOTED: {key: value for key, value in noted.items() if _REDUNDANT not in key},
            _STUDY_NOTED: _changed(before, self._storage.get_study_system_attrs(self._study_id)),
        }
        return Proposal(self._space.decode(at), {key: value for key, value in memo.items() if value})

    def take(self, number: int, params: Params) -> Proposal:
        """Note that this trial was given its params."""
        full = completed(self._space, params)
        at = self._space.encode(full)
        self._add(at)
        self._place(number)
        return Proposal(full, {_AT: at})

    def tell(self, number: int, told: Told) -> None:
        """Say how the trial ended; one without a value counts as failed and teaches nothing."""
        state, value, curve = _end(told, self._worst)
        for iteration, logged in curve.items():
            self._storage.set_trial_intermediate_value(self._trial_id(number), iteration, logged)
        with self._own("hears of", number):
            self._study.tell(self._numbers[number], value if state is TrialState.COMPLETE else None, state)

    def restore(self, number: int, proposal: Proposal, told: Told | None) -> None:
        """Bring a trial back after a restart.

        Raises:
            SweepError: its memo is not what this sampler has written.
        """
        memo = proposal.memo
        noted = _mapping(memo, _NOTED)
        pickled.check(noted)
        at = cast("Coordinates", _mapping(memo, _AT)) or self._space.encode(proposal.params)
        self._add(at, told, noted)
        self._place(number)
        for key, value in _mapping(memo, _STUDY_NOTED).items():
            self._storage.set_study_system_attr(self._study_id, key, cast("Any", value))

    def learn(self, params: Params, told: Told) -> None:
        """Take in a trial of an earlier sweep."""
        self._add(self._space.encode(completed(self._space, params)), told)
        self._count += 1

    def _add(self, at: Coordinates, told: Told | None = None, noted: Attributes | None = None) -> None:
        state, value, curve = (TrialState.RUNNING, None, None) if told is None else _end(told, self._worst)
        with quiet(_LIBRARY):
            self._study.add_trial(
                create_trial(
                    state=state,
                    value=value,
                    params={name: _number(axis, at[name]) for name, axis in self._axes.items()},
                    distributions=self._distributions,
                    intermediate_values=curve,
                    system_attrs=noted,
                )
            )

    @contextmanager
    def _own(self, what: str, number: int) -> Iterator[None]:
        """Let Optuna work, and say in a line of ours what a sampler raises."""
        try:
            with quiet(_LIBRARY):
                yield
        except Exception as problem:
            told = f"{type(problem).__name__}: {' '.join(str(problem).split())}"
            raise SweepError(f"sampler {self._name} fails where it {what} trial {number}: {told}") from problem

    def _place(self, number: int) -> None:
        self._numbers[number] = self._count
        self._count += 1

    def _trial_id(self, number: int) -> int:
        return self._storage.get_trial_id_from_study_id_trial_number(self._study_id, self._numbers[number])


class _Sower(BaseSampler):
    """Has each trial drawn by a sampler with the trial's own seed.

    A new sampler finds the axes that it draws together by looking at every trial there is; where they are settled,
    they are found once (at 10,000 trials, two thirds of TPE's time).
    """

    def __init__(self, kind: _Kind, seed: int) -> None:
        self._kind = kind
        self._seed = seed
        self._sampler: BaseSampler | None = None
        self._settled: dict[str, BaseDistribution] = {}

    def sow(self, number: int) -> None:
        """Be ready for the trial of this number."""
        if self._sampler is None or not self._kind.kept:
            self._sampler = self._kind.make(trial_seed(self._seed, -1), trial_seed(self._seed, number))

    @property
    def sampler(self) -> BaseSampler:
        """The sampler of the trial that was last asked for."""
        return cast("BaseSampler", self._sampler)

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """Return the axes that are drawn together."""
        if self._settled:
            return dict(self._settled)
        found = self.sampler.infer_relative_search_space(study, trial)
        if self._kind.settled:
            self._settled = found
        return found

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, object]:
        """Draw those."""
        return self.sampler.sample_relative(study, trial, search_space)

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> object:
        """Draw another one."""
        return self.sampler.sample_independent(study, trial, param_name, param_distribution)

    def before_trial(self, study: Study, trial: FrozenTrial) -> None:
        """Hand it on."""
        self.sampler.before_trial(study, trial)

    def after_trial(self, study: Study, trial: FrozenTrial, state: TrialState, values: Sequence[float] | None) -> None:
        """Hand it on; after a restart, trials may end before one is asked for."""
        if self._sampler is None:
            self.sow(len(study.get_trials(deepcopy=False)))
        self.sampler.after_trial(study, trial, state, values)


def _kind(name: str, space: Space) -> _Kind:
    """Return the sampler of a name, and see to it that it can work.

    Raises:
        InvalidSweep: there is no such sampler, or it cannot search this space.
        MissingExtra: it needs a library that is not installed.
    """
    begin, made = BY_NAME.get(name) or _by_dotted_name(name)
    for each in inspect.getmro(made):
        libraries.check(each.__name__)
    if issubclass(made, BruteForceSampler):
        raise InvalidSweep(f"{name} ends searches that Optuna runs; write method: grid", where=dotted.WHERE)
    if issubclass(made, CmaEsSampler) and all(isinstance(axis, ChoiceAxis) for axis in space.axes.values()):
        problem = f"{name} moves along numbers, and every parameter is a list of values; use tpe"
        raise InvalidSweep(problem, where=dotted.WHERE)
    return begin()


def _by_dotted_name(name: str) -> tuple[Callable[[], _Kind], type[BaseSampler]]:
    made = dotted.load(name, BaseSampler)  # type: ignore[type-abstract]  # what it returns is concrete
    kept = not made.__module__.startswith("optuna.")
    return lambda: _Kind(partial(_made, made, dotted.takes_seed(made)), kept=kept), made


def _made(made: type[BaseSampler], seeded: bool, _: int, seed: int) -> BaseSampler:  # noqa: FBT001  # bound above
    return dotted.make(made, seed=seed) if seeded else dotted.make(made)


def _study(storage: InMemoryStorage, sampler: BaseSampler, goal: Goal) -> Study:
    with quiet(_LIBRARY):
        return create_study(storage=storage, sampler=sampler, study_name=_STUDY, direction=goal)


def _end(told: Told, worst: float) -> tuple[TrialState, float | None, dict[int, float]]:
    """Return Optuna's state, value and intermediate values; where a curve leaves the finite, it is at its worst."""
    value = told.value if told.value is not None and math.isfinite(told.value) else None
    if told.state is trials.TrialState.PRUNED and (told.curve or value is not None):
        curve = {iteration: logged if math.isfinite(logged) else worst for iteration, logged in told.curve}
        curve = curve or {1: cast("float", value)}
        return TrialState.PRUNED, curve[max(curve)], curve
    return (TrialState.FAIL if value is None else TrialState.COMPLETE), value, {}


def _changed(before: Attributes, after: Attributes) -> Attributes:
    """Return the attributes that were set: the storage puts new objects in their places."""
    return {key: value for key, value in after.items() if before.get(key) is not value}


def _mapping(memo: Mapping[str, object], key: str) -> Attributes:
    found = memo.get(key)
    return dict(found) if isinstance(found, Mapping) else {}


def _number(axis: Axis, coordinate: object) -> float:
    """Return a coordinate as a plain number: samplers give numpy's as well, and JSON may make whole floats of ints."""
    number = cast("float", coordinate)
    return float(number) if isinstance(axis, FloatAxis) else int(number)


def _distribution(axis: Axis) -> BaseDistribution:
    if isinstance(axis, FloatAxis):
        return FloatDistribution(axis.low, axis.high, log=axis.log)
    if isinstance(axis, IntAxis):
        return IntDistribution(axis.low, axis.high)
    return CategoricalDistribution(range(axis.count))
