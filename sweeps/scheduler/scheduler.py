"""The one task group.

One task drives the conductor, so there are no locks: it launches trials while slots are free, and otherwise waits
for what they send it. Each slot has a task, which runs one trial after the other, each in a cancel scope of its own.
Its outcome is a value, sent after the scope was left, so that no trial's end can cancel another. Reports go straight
to the study, in the same thread: from the metric logged to the decision is one call.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple, NoReturn

import anyio
from anyio import to_thread
from anyio.abc import TaskGroup

from ..executors import Executor
from ..samplers import Proposal
from ..study import Attempt, Verdict
from ..trial import Assignment, Outcome, Report, TrialState
from . import why
from .attempting import Attempting, Limits, Running
from .conductor import Conductor, Launch
from .events import Event, SweepInterrupted, TrialEnded, TrialReported, TrialStarted
from .groups import task_group
from .lease import Lease
from .ledger import Ledger
from .queue import Queue
from .why import Why

# After so many complete trials without the metric, more will not bring it.
_PATIENCE = 3
# What a sampler does in so many seconds, it does where it is asked: in a thread, which takes turns with the others, it
# takes longer, and so does its slot's waiting.
_BRIEF = 0.005
# How often clocks are looked at, and the file by which other terminals tell the sweep to end, in seconds.
_TICK = 0.2


class _Ended(NamedTuple):
    launch: Launch
    outcome: Outcome
    value: float | None


class _Interrupted(NamedTuple):
    """Someone wants the sweep to end."""

    why: Why


class Scheduler:
    """Drives a conductor to the end of its study."""

    def __init__(
        self,
        conductor: Conductor,
        executor: Executor,
        ledger: Ledger,
        *,
        metric: str,
        limits: Limits,
        listen: Callable[[Event], None],
        lease: Lease,
    ) -> None:
        self._lease = lease
        self._conductor = conductor
        self._study = conductor.study
        self._executor = executor
        self._door = ledger.door()
        self._attempting = Attempting(executor, ledger, self._door)
        self._ledger = ledger
        self._metric = metric
        self._limits = limits
        self._listen = listen
        self._store, self._outputs = str(ledger.store), str(ledger.folder)
        self._running: dict[int, Running] = {}
        self._messages = Queue[_Ended | _Interrupted | TrialReported]()
        self._launched = Queue[tuple[Assignment, Running]]()
        # The tasks that run what is launched, as many as ever ran at once.
        self._runners = 0
        # Optuna's study keeps caches by thread; one call at a time is all it ever gets.
        self._one = anyio.CapacityLimiter(1)
        # How long the sampler took for its last proposal, in seconds.
        self._took = math.inf
        # What the sampler is to hear before it is asked again.
        self._untold: list[Verdict] = []
        self._without_metric = 0
        self.interruptions = 0

    def interrupt(self, reason: Why = why.INTERRUPTED) -> None:
        """End the sweep: at the first call in order, at the second at once. Once it has ended, do nothing."""
        self._messages.put(_Interrupted(reason))

    async def run(self) -> None:
        """Run trials until the study has no more, or the sweep is interrupted; nothing is left running."""
        try:
            async with self._door.at_work(), self._executor, task_group() as tasks:
                tasks.start_soon(self._tick)
                await self._conduct(tasks)
                tasks.cancel_scope.cancel()
        finally:
            self._leave()

    def _leave(self) -> None:
        """Write down what is left when the sweep ends, also where it is cancelled: how trials ended, who waits."""
        for _, running in self._launched.rest():
            # Its runner was cancelled before it could begin.
            self._messages.put(_Ended(running.launch, _killed(), None))
        for message in self._messages.rest():
            if isinstance(message, _Ended):
                self._judge(message)
        for number in self._conductor.abandon():
            self._ledger.give_up(number)

    async def _conduct(self, tasks: TaskGroup) -> None:
        while True:
            await self._fill(tasks)
            if not self._running:
                return
            message = await self._messages.take()
            if isinstance(message, _Interrupted):
                self._interrupt(message.why)
            elif isinstance(message, TrialReported):
                self._listen(message)
            else:
                await self._end(message)

    async def _fill(self, tasks: TaskGroup) -> None:
        """Launch what there is a slot for."""
        while True:
            number = self._conductor.wants()
            if number is not None:
                proposal = await self._propose(number)
                if self._conductor.begin(number, proposal) is not None and proposal is not None:
                    self._ledger.begin(number, proposal)
            launch = self._conductor.launch()
            if launch is not None:
                self._launch(tasks, launch)
            elif number is None:
                return

    def _launch(self, tasks: TaskGroup, launch: Launch) -> None:
        attempt = launch.attempt
        self._ledger.launch(attempt)
        run = self._ledger.run(attempt.number)
        assignment = Assignment(
            number=attempt.number,
            params=attempt.params,
            seed=attempt.seed,
            run_id=run.run_id,
            experiment=run.experiment,
            store=self._store,
            metric=self._metric,
            attempt=attempt.attempt,
            sweep_id=self._ledger.sweep_id,
            output=f"{self._outputs}/{attempt.number}-{attempt.attempt}.txt",
            environment=launch.grant.environment,
            judged=self._study.judges,
            grace=self._limits.grace,
            memory=launch.grant.need.memory or None,
        )
        running = Running(launch, partial(self._report, attempt), self._limits)
        self._running[attempt.number] = running
        self._launched.put((assignment, running))
        if len(self._running) > self._runners:
            self._runners += 1
            tasks.start_soon(self._run_trials)
        gpus = tuple(device for device, _ in launch.grant.gpus)
        self._listen(TrialStarted(attempt.number, run.run_id, attempt.params, attempt.attempt, gpus))

    def _report(self, attempt: Attempt, report: Report) -> bool:
        """Take a value that an attempt has logged; return whether it is to stop."""
        stop = self._study.report(attempt.number, attempt.attempt, report)
        self._messages.put(TrialReported(attempt.number, report.step, report.value))
        if self._study.overspent:
            self._stop_all(why.overspent(self._study.ending))
        elif stop and (running := self._running.get(attempt.number)) and running.launch.attempt is attempt:
            running.stop(why.PRUNED)
        return stop

    def _stop_all(self, reason: Why) -> None:
        for running in self._running.values():
            running.stop(reason)

    def _interrupt(self, reason: Why) -> None:
        self.interruptions += 1
        self._listen(SweepInterrupted(self.interruptions, reason.reason))
        self._study.stop(reason.reason)
        self._stop_all(reason)
        if self.interruptions > 1:
            for running in self._running.values():
                running.scope.cancel()

    async def _tick(self) -> None:
        """Look at the clock, and for word from other terminals."""
        started = time.monotonic()
        while True:
            if not self._study.overspent and self._study.spend(time.monotonic() - started):
                self._stop_all(why.overspent(self._study.ending))
            while self.interruptions < self._lease.stop_wanted:
                self._interrupt(why.INTERRUPTED)
            for running in self._running.values():
                running.look_at_clock()
            await anyio.sleep(_TICK)

    async def _end(self, ended: _Ended) -> None:
        verdict = self._judge(ended)
        self._untold.append(verdict)
        self._listen(TrialEnded(verdict.number, verdict.state, verdict.value, verdict.outcome.reason))
        self._look_for_metric(verdict)

    def _judge(self, ended: _Ended) -> Verdict:
        """Find out what an attempt's end means, and write that down."""
        attempt = ended.launch.attempt
        verdict = self._conductor.end(attempt.number, attempt.attempt, ended.outcome, ended.value)
        assert verdict is not None  # noqa: S101  # each launch sends its end once
        del self._running[attempt.number]
        self._ledger.end(verdict)
        return verdict

    def _look_for_metric(self, verdict: Verdict) -> None:
        if self._metric and verdict.state is TrialState.COMPLETE and self._study.best_value is None:
            self._without_metric += 1
            if self._without_metric >= _PATIENCE:
                self._study.stop(f"no trial logs {self._metric}")

    async def _propose(self, number: int) -> Proposal | None:
        """Tell the sampler how trials have ended, and ask it: here if that is quick, else both in a thread at once."""
        verdicts, self._untold = self._untold, []
        if self._study.sampler.quick or self._took < _BRIEF:
            return self._told(verdicts, number)
        return await to_thread.run_sync(self._told, verdicts, number, limiter=self._one)

    def _told(self, verdicts: Sequence[Verdict], number: int) -> Proposal | None:
        begun = time.monotonic()
        for verdict in verdicts:
            self._study.tell(verdict)
        proposal = self._study.propose(number)
        self._took = time.monotonic() - begun
        return proposal

    async def _run_trials(self) -> NoReturn:
        """Run what is launched, one attempt after the other: a task for each would be a tenth of all work for it."""
        while True:
            await self._run_trial(*await self._launched.take())

    async def _run_trial(self, assignment: Assignment, running: Running) -> None:
        ended = None
        try:
            ended = await self._attempting.run(assignment, running)
        finally:
            if ended is None:
                ended = await self._attempting.leave(assignment, running, _killed())
            self._messages.put(_Ended(running.launch, *ended))


def _killed() -> Outcome:
    """Return the outcome of an attempt whose whole sweep is cancelled: the store says what happened."""
    return why.INTERRUPTED.judge(Outcome(TrialState.FAILED))
