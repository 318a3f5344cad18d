"""What happens in a sweep, for whoever looks on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..trial import TrialState


@dataclass(frozen=True, slots=True)
class SweepStarted:
    """The sweep's run exists; `total` is how many trials there will be, None if nobody knows."""

    sweep_id: str
    name: str
    total: int | None
    parallel: int
    metric: str
    goal: str


@dataclass(frozen=True, slots=True)
class TrialStarted:
    """A trial has a slot and a run."""

    number: int
    run_id: str
    params: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class TrialReported:
    """A running trial logged the sweep's metric."""

    number: int
    value: float


@dataclass(frozen=True, slots=True)
class TrialEnded:
    """A trial ended; `value` is the best it reached."""

    number: int
    state: TrialState
    value: float | None
    reason: str


@dataclass(frozen=True, slots=True)
class SweepInterrupted:
    """Someone wants the sweep to end: at the first time in order, at the second at once."""

    times: int


@dataclass(frozen=True, slots=True)
class SweepEnded:
    """Nothing runs any more; `interrupted` says that it was ended before its time."""

    interrupted: bool


Event = SweepStarted | TrialStarted | TrialReported | TrialEnded | SweepInterrupted | SweepEnded
