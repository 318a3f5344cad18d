"""The search as a pure object.

It owns the trials' numbers, states and values. It has no clock, no file and no task: whoever drives it asks for the
next trial, reports what is logged, and tells how a trial ended.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from ..errors import SweepError
from ..samplers import Sampler, Told
from ..trial import TrialState, follow, trial_seed


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One trial to run next."""

    number: int
    params: Mapping[str, object]
    seed: int


@dataclass(slots=True)
class _Trial:
    state: TrialState
    value: float | None = None
    live: float | None = None


class Study:
    """Asks a sampler for trials until it has no more, `run_cap` is reached, or it is stopped."""

    def __init__(self, sampler: Sampler, *, goal: str, seed: int, run_cap: int | None, target: float | None) -> None:
        self._sampler = sampler
        self._sign = 1.0 if goal == "maximize" else -1.0
        self._seed = seed
        self._run_cap = run_cap
        self._target = target
        self._trials: dict[int, _Trial] = {}
        self._exhausted = False
        self.best_number: int | None = None

    @property
    def finished(self) -> bool:
        """Whether there is nothing left to ask for."""
        return self._exhausted or (self._run_cap is not None and len(self._trials) >= self._run_cap)

    @property
    def best_value(self) -> float | None:
        """The best value told so far."""
        return None if self.best_number is None else self._trials[self.best_number].value

    def count(self, state: TrialState) -> int:
        """Count the trials that are in a state."""
        return sum(trial.state is state for trial in self._trials.values())

    def ask(self) -> Suggestion | None:
        """Return the next trial, which then runs; None when there is none."""
        if self.finished:
            return None
        number = len(self._trials)
        proposal = self._sampler.ask(number)
        if proposal is None:
            self._exhausted = True
            return None
        self._trials[number] = _Trial(TrialState.RUNNING)
        return Suggestion(number, proposal.params, trial_seed(self._seed, number))

    def report(self, number: int, value: float) -> None:
        """Note a value that a running trial has logged."""
        trial = self._trials[number]
        if self._is_better(value, trial.live):
            trial.live = value

    def live_value(self, number: int) -> float | None:
        """Return the best value that a trial has logged so far."""
        return self._trials[number].live

    def tell(self, number: int, state: TrialState, value: float | None) -> None:
        """Say how a trial ended: its final state, and its value if it has one."""
        trial = self._trials[number]
        if not state.final:
            message = f"a trial does not end as {state}"
            raise SweepError(message)
        trial.state = follow(trial.state, state)
        trial.value = value if value is not None and math.isfinite(value) else None
        counts = trial.value if state in {TrialState.COMPLETE, TrialState.PRUNED} else None
        self._sampler.tell(number, Told(state, counts))
        if counts is None:
            return
        if self._is_better(counts, self.best_value):
            self.best_number = number
        if self._target is not None and not self._is_better(self._target, counts):
            self._exhausted = True

    def stop(self) -> None:
        """Ask for nothing more."""
        self._exhausted = True

    def _is_better(self, value: float, than: float | None) -> bool:
        return math.isfinite(value) and (than is None or self._sign * value > self._sign * than)
