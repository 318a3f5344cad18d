"""The life of a trial: its states, and which may follow which.

    WAITING ──→ RUNNING ──→ COMPLETE | PRUNED | FAILED | KILLED

COMPLETE ran to its end. PRUNED was told to stop since others do better. FAILED raised, exited with another code
than 0 or was killed from outside. KILLED was ended because the sweep was. The last four are final.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from .errors import SweepError

Goal = Literal["minimize", "maximize"]


class TrialState(StrEnum):
    """Where a trial stands."""

    WAITING = "waiting"
    RUNNING = "running"
    COMPLETE = "complete"
    PRUNED = "pruned"
    FAILED = "failed"
    KILLED = "killed"

    @property
    def final(self) -> bool:
        """Whether nothing can follow."""
        return not TRANSITIONS[self]


TRANSITIONS: Mapping[TrialState, frozenset[TrialState]] = {
    TrialState.WAITING: frozenset({TrialState.RUNNING, TrialState.KILLED}),
    TrialState.RUNNING: frozenset({TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAILED, TrialState.KILLED}),
    TrialState.COMPLETE: frozenset(),
    TrialState.PRUNED: frozenset(),
    TrialState.FAILED: frozenset(),
    TrialState.KILLED: frozenset(),
}


def follow(state: TrialState, following: TrialState) -> TrialState:
    """Return the following state.

    Raises:
        SweepError: it cannot follow; nothing has changed then.
    """
    if following not in TRANSITIONS[state]:
        message = f"a trial that is {state} cannot become {following}"
        raise SweepError(message)
    return following


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a trial ended; `reason` says in a line why it did not complete, `tail` is the end of its output."""

    state: TrialState
    reason: str = ""
    tail: str = ""


@dataclass(frozen=True, slots=True)
class Assignment:
    """One trial to run: what its executor needs to know."""

    number: int
    params: Mapping[str, object]
    seed: int
    run_id: str
    experiment: str
    store: str
    metric: str


def trial_seed(seed: int, number: int) -> int:
    """Return a trial's own seed, below 2**31: it depends on the sweep's seed and the trial's number alone."""
    digest = hashlib.blake2b(f"{seed}/{number}".encode(), digest_size=4).digest()
    return int.from_bytes(digest, "little") & 0x7FFF_FFFF
