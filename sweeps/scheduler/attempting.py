"""One attempt of a trial, from its launch until all that it leaves is kept."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import anyio

from tracker.errors import TrackerError

from ..executors import Control, Executor
from ..trial import Assignment, Cause, Outcome, Report, TrialState
from . import why
from .conductor import Launch
from .door import Door
from .ledger import Ledger
from .why import Why

# How long after its grace an attempt that was told to stop is ended by cancelling it, in seconds.
_LAST_SECOND = 1.0


@dataclass(frozen=True, slots=True)
class Limits:
    """What one attempt may take, in seconds; None is no limit. `grace` is the time to end once told to."""

    timeout: float | None = None
    no_progress: float | None = None
    grace: float = 10.0


@dataclass(slots=True)
class Running:
    """The scheduler's hand on an attempt: what it has heard of it, and why it has told it to stop."""

    launch: Launch
    judge: Callable[[Report], bool]
    limits: Limits
    scope: anyio.CancelScope = field(default_factory=anyio.CancelScope)
    why: Why | None = None
    began: float = field(default_factory=time.monotonic)
    heard: float = field(default_factory=time.monotonic)
    told: float = math.inf
    logged: bool = False
    reported: bool = False
    first_step: int | None = None
    control: Control = field(init=False)

    def __post_init__(self) -> None:
        self.control = Control(self._report, self._progress)

    def stop(self, reason: Why) -> None:
        """Tell the attempt to stop; the first reason counts."""
        if self.why is None:
            self.why, self.told = reason, time.monotonic()
        self.control.stop()

    def look_at_clock(self) -> None:
        """Stop the attempt if its time is up, and end it if it does not stop."""
        now, limits = time.monotonic(), self.limits
        if limits.timeout is not None and now - self.began >= limits.timeout:
            self.stop(why.timed_out(limits.timeout))
        if limits.no_progress is not None and now - self.heard >= limits.no_progress:
            self.stop(why.stalled(limits.no_progress))
        if now - self.told >= limits.grace + _LAST_SECOND:
            self.scope.cancel()

    def _report(self, report: Report) -> bool:
        self.reported = True
        self.first_step = report.step if self.first_step is None else self.first_step
        return self.judge(report)

    def _progress(self) -> None:
        self.heard, self.logged = time.monotonic(), True


class Attempting:
    """Runs attempts by an executor, and keeps what they leave in the ledger."""

    def __init__(self, executor: Executor, ledger: Ledger, door: Door) -> None:
        self._executor = executor
        self._door = door
        self._ledger = ledger

    async def run(self, assignment: Assignment, running: Running) -> tuple[Outcome, float | None]:
        """Run an attempt; return what its end means, and its trial's best value where that had to be read.

        If the whole sweep is cancelled, so is this; what the attempt has left is then to be kept by `leave`.
        """
        outcome = Outcome(TrialState.KILLED)
        with running.scope:
            outcome = await self._attempt(assignment, running)
        if running.scope.cancelled_caught:
            outcome = replace(outcome, state=TrialState.FAILED)
        outcome = running.why.judge(outcome) if running.why is not None else outcome
        return await self.leave(assignment, running, outcome)

    async def leave(self, assignment: Assignment, running: Running, outcome: Outcome) -> tuple[Outcome, float | None]:
        """Keep what an attempt has left; what cannot be kept is told in its reason."""
        value = None
        with anyio.CancelScope(shield=True):
            try:
                value = await self._keep(assignment, running)
            except (TrackerError, OSError) as problem:
                outcome = replace(outcome, reason=f"{outcome.reason or 'ended'}; afterwards: {problem}")
        if running.control.tail and not outcome.tail:
            outcome = replace(outcome, tail=running.control.tail)
        return outcome, value

    async def _attempt(self, assignment: Assignment, running: Running) -> Outcome:
        if running.launch.attempt.restarted:
            try:
                assignment = replace(assignment, resume_from=await self._ledger.take_over(assignment.number))
            except TrackerError as problem:
                return Outcome(TrialState.FAILED, str(problem), cause=Cause.LOST)
        with self._door.open_to(assignment, running.control) as told:
            return await self._executor.run(told, running.control)

    async def _keep(self, assignment: Assignment, running: Running) -> float | None:
        number = assignment.number
        await self._ledger.keep_output(number, assignment.output)
        if running.launch.attempt.restarted and running.first_step is not None:
            await self._ledger.supersede(number, running.first_step)
        if not running.logged or (running.reported and self._executor.hears_all):
            return None
        return await self._ledger.value(number)
