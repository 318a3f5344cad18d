"""What a study says of its trials, and is told of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..samplers import Proposal, Told
from ..trial import Cause, Outcome, TrialState
from .curve import Entry


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt of a trial, from now on running; `restarted` says that it is not the first."""

    number: int
    attempt: int
    params: Mapping[str, object]
    seed: int

    @property
    def restarted(self) -> bool:
        """Whether there was an attempt before."""
        return self.attempt > 0


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an attempt's end means for its trial: WAITING is to be tried again, any other state is final.

    `causes` are those by which its attempts failed so far; `told` is what the sampler is to hear, if anything. `order`
    says as which of all trials it ended, from 1; 0 where it has not ended for good.
    """

    number: int
    attempt: int
    outcome: Outcome
    value: float | None
    causes: tuple[Cause, ...] = ()
    told: Told | None = None
    order: int = 0

    @property
    def state(self) -> TrialState:
        """The trial's state from now on."""
        return self.outcome.state

    @property
    def again(self) -> bool:
        """Whether the trial is to be tried again."""
        return self.state is TrialState.WAITING


@dataclass(frozen=True, slots=True)
class PastTrial:
    """What is known of a trial when its sweep is resumed.

    `reports` are those of all its attempts, in order; `attempt` is the newest (-1: none yet), `causes` are those by
    which attempts failed, and of two trials that have ended the one with the smaller `order` ended before.
    """

    number: int
    proposal: Proposal
    state: TrialState
    value: float | None = None
    attempt: int = -1
    causes: tuple[Cause, ...] = ()
    reports: tuple[Entry, ...] = ()
    order: int = 0
