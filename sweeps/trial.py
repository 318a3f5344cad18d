"""The life of a trial: its states, and which may follow which.

    WAITING ──→ RUNNING ──→ COMPLETE | PRUNED | FAILED | KILLED
       ↑───────────┴────────────────────────────────────┘

A trial runs in attempts, numbered from 0: one that fails may be retried, and waits for that. COMPLETE ran to its
end. PRUNED was told to stop since others do better. FAILED raised, exited with another code than 0, was killed from
outside or ran out of time, and has no attempt left. These three are final. KILLED was ended because the sweep was:
final too, unless the sweep is resumed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, NamedTuple

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
        """Whether nothing can follow while the sweep runs."""
        return self not in {TrialState.WAITING, TrialState.RUNNING}


class Cause(StrEnum):
    """Why an attempt failed."""

    CRASH = "crash"  # it raised, or exited with another code than 0
    SIGNAL = "signal"  # it was killed from outside
    MEMORY = "memory"  # it took more memory than it may, or than there was
    TIMEOUT = "timeout"  # it ran for longer than it may
    STALLED = "stalled"  # it logged nothing for longer than it may
    PREEMPTED = "preempted"  # the machine wants its slot back
    LOST = "lost"  # its scheduler or its worker is gone
    START = "start"  # its program could not be started


TRANSITIONS: Mapping[TrialState, frozenset[TrialState]] = {
    TrialState.WAITING: frozenset({TrialState.RUNNING, TrialState.KILLED}),
    TrialState.RUNNING: frozenset(TrialState) - {TrialState.RUNNING},
    TrialState.COMPLETE: frozenset(),
    TrialState.PRUNED: frozenset(),
    TrialState.FAILED: frozenset(),
    TrialState.KILLED: frozenset({TrialState.WAITING}),
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


class Report(NamedTuple):
    """A value of the sweep's metric that a running trial has logged.

    `own` says that the run logged it itself, and not what a checkpoint of it was measured at: the curve of a trial is
    what it logged itself, and only where that is nothing what its checkpoints were measured at.
    """

    value: float
    step: int
    own: bool = True


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an attempt ended.

    `reason` says in a line why it did not complete, `cause` what kind of reason that is, `tail` is the end of its
    output. Of a trial that was told to stop, PRUNED says that it stopped; whoever told it knows why.
    """

    state: TrialState
    reason: str = ""
    tail: str = ""
    cause: Cause | None = None


@dataclass(frozen=True, slots=True)
class Assignment:
    """One attempt of a trial to run: what its executor needs to know.

    `resume_from` is the ID of the checkpoint that an earlier attempt left. `output` is the file for what it prints.
    `environment` comes on top of the scheduler's own variables, and `variables`, which are this attempt's alone, on top
    of that. `judged` says that a pruner listens: whoever logs the
    metric waits for its word. `grace` is how many seconds it may take to end after it was told to, `memory` how many
    bytes it may hold.
    """

    number: int
    params: Mapping[str, object]
    seed: int
    run_id: str
    experiment: str
    store: str
    metric: str
    attempt: int = 0
    sweep_id: str = ""
    resume_from: str | None = None
    output: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    judged: bool = False
    grace: float = 10.0
    memory: int | None = None


def trial_seed(seed: int, number: int) -> int:
    """Return a trial's own seed, below 2**31: it depends on the sweep's seed and the trial's number alone."""
    digest = hashlib.blake2b(f"{seed}/{number}".encode(), digest_size=4).digest()
    return int.from_bytes(digest, "little") & 0x7FFF_FFFF
