"""What happens in a sweep, for whoever looks on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..trial import TrialState


@dataclass(frozen=True, slots=True)
class SweepStarted:
    """The sweep's run exists.

    `total` is how many trials there will be, `parallel` how many run at a time; either is None if nobody knows. Of a
    sweep that is resumed, `done` counts the trials that had ended by their state, and `best` is the best of them: its
    number and its value.
    """

    sweep_id: str
    name: str
    total: int | None
    parallel: int | None
    metric: str
    goal: str
    done: Mapping[TrialState, int]
    best: tuple[int, float] | None


@dataclass(frozen=True, slots=True)
class TrialStarted:
    """An attempt of a trial, the first one being 0, has a slot and a run."""

    number: int
    run_id: str
    params: Mapping[str, object]
    attempt: int
    gpus: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TrialReported:
    """A running trial logged the sweep's metric."""

    number: int
    step: int
    value: float


@dataclass(frozen=True, slots=True)
class TrialEnded:
    """An attempt ended; `value` is the best that the trial reached. A trial that waits will be tried again."""

    number: int
    state: TrialState
    value: float | None
    reason: str


@dataclass(frozen=True, slots=True)
class SweepInterrupted:
    """Someone wants the sweep to end: at the first time in order, at the second at once; `reason` says why."""

    times: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class SweepEnded:
    """Nothing runs any more; `interrupted` says that it was ended before its time, `reason` why it has ended early."""

    interrupted: bool
    reason: str


Event = SweepStarted | TrialStarted | TrialReported | TrialEnded | SweepInterrupted | SweepEnded
