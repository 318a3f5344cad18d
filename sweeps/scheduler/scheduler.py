"""The one task group.

One conductor owns the study, so there are no locks: it launches trials while slots are free, and otherwise waits
for what they send it. Each trial has a task and a cancel scope of its own. Its outcome is a value, sent after the
scope was left, so that no trial's end can cancel another.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import anyio
from anyio import to_thread
from anyio.abc import TaskGroup
from anyio.streams.memory import MemoryObjectSendStream

from tracker import AsyncRun, AsyncTracker, RunStatus

from ..executors import Control, Executor
from ..study import Study, Suggestion
from ..study.record import REASON, STATE, TAIL, TRIAL, VALUE, tag_text
from ..trial import Assignment, Outcome, TrialState
from .events import Event, SweepInterrupted, TrialEnded, TrialReported, TrialStarted

# After so many complete trials without the metric, more will not bring it.
_PATIENCE = 3
_RUN_STATUS = {
    TrialState.COMPLETE: RunStatus.FINISHED,
    TrialState.PRUNED: RunStatus.FINISHED,
    TrialState.FAILED: RunStatus.FAILED,
    TrialState.KILLED: RunStatus.KILLED,
}


@dataclass(frozen=True, slots=True)
class Limits:
    """How many trials run at once, and for how many seconds each may."""

    parallel: int
    timeout: float | None = None


class _Ended(NamedTuple):
    number: int
    outcome: Outcome
    value: float | None


class _Interrupted(NamedTuple):
    """Someone wants the sweep to end."""


@dataclass(slots=True)
class _Running:
    control: Control
    scope: anyio.CancelScope


class Scheduler:
    """Drives a study to its end."""

    def __init__(
        self,
        study: Study,
        executor: Executor,
        tracker: AsyncTracker,
        parent: AsyncRun,
        *,
        metric: str,
        goal: str,
        limits: Limits,
        listen: Callable[[Event], None],
    ) -> None:
        self._study = study
        self._executor = executor
        self._tracker = tracker
        self._parent = parent
        self._metric = metric
        self._better = max if goal == "maximize" else min
        self._limits = limits
        self._listen = listen
        self._running: dict[int, _Running] = {}
        self._send, self._receive = anyio.create_memory_object_stream[_Ended | _Interrupted | TrialReported](math.inf)
        # Optuna's study keeps caches by thread; one call at a time is all it ever gets.
        self._one = anyio.CapacityLimiter(1)
        self._without_metric = 0
        self.interruptions = 0

    def interrupt(self) -> None:
        """End the sweep: at the first call in order, at the second at once."""
        self._send.send_nowait(_Interrupted())

    async def run(self) -> None:
        """Run trials until the study has no more, or the sweep is interrupted; nothing is left running."""
        try:
            async with self._executor, anyio.create_task_group() as tasks:
                await self._conduct(tasks)
        except ExceptionGroup as several:
            raise _first(several) from several

    def close(self) -> None:
        """Take no more interruptions."""
        self._send.close()
        self._receive.close()

    async def _conduct(self, tasks: TaskGroup) -> None:
        while True:
            await self._launch(tasks)
            if not self._running:
                return
            await self._handle(await self._receive.receive())

    async def _launch(self, tasks: TaskGroup) -> None:
        while not self.interruptions and len(self._running) < self._limits.parallel:
            suggestion = await to_thread.run_sync(self._study.ask, limiter=self._one)
            if suggestion is None:
                return
            run = self._parent.start_child(
                name=f"trial-{suggestion.number}",
                params=suggestion.params,
                tags={TRIAL: suggestion.number, STATE: TrialState.RUNNING},
            )
            number = suggestion.number
            control = Control(lambda value, _step, number=number: self._report(number, value))  # type: ignore[misc]
            scope = anyio.CancelScope()
            self._running[number] = _Running(control, scope)
            # First the task, which will close the run whatever else happens.
            tasks.start_soon(self._run_trial, suggestion, run, self._running[number], self._send.clone())
            self._listen(TrialStarted(number, run.run_id, suggestion.params))

    def _report(self, number: int, value: float) -> bool:
        self._send.send_nowait(TrialReported(number, value))
        return False

    async def _handle(self, message: _Ended | _Interrupted | TrialReported) -> None:
        if isinstance(message, _Interrupted):
            self._interrupt()
        elif isinstance(message, TrialReported):
            self._study.report(message.number, message.value)
            self._listen(message)
        else:
            await self._end(message)

    def _interrupt(self) -> None:
        self.interruptions += 1
        self._listen(SweepInterrupted(self.interruptions))
        self._study.stop()
        for running in self._running.values():
            running.control.stop()
            if self.interruptions > 1:
                running.scope.cancel()

    async def _end(self, ended: _Ended) -> None:
        del self._running[ended.number]
        state = ended.outcome.state
        await to_thread.run_sync(self._study.tell, ended.number, state, ended.value, limiter=self._one)
        self._listen(TrialEnded(ended.number, state, ended.value, ended.outcome.reason))
        if self._metric and state is TrialState.COMPLETE and ended.value is None and self._study.best_value is None:
            self._without_metric += 1
            if self._without_metric >= _PATIENCE:
                self._study.stop()

    async def _run_trial(
        self,
        suggestion: Suggestion,
        run: AsyncRun,
        running: _Running,
        send: MemoryObjectSendStream[_Ended | _Interrupted | TrialReported],
    ) -> None:
        assignment = Assignment(
            number=suggestion.number,
            params=suggestion.params,
            seed=suggestion.seed,
            run_id=run.run_id,
            experiment=run.experiment,
            store=str(self._tracker.path),
            metric=self._metric,
            sweep_id=self._parent.run_id,
        )
        outcome = Outcome(TrialState.KILLED, "the sweep was ended")
        async with send:
            try:
                outcome = await self._outcome(assignment, run, running)
            finally:
                # Also when the whole sweep is cancelled: the store says what happened.
                with anyio.CancelScope(shield=True):
                    value = await self._close(run, outcome, outcome.tail or running.control.tail)
            send.send_nowait(_Ended(suggestion.number, outcome, value))

    async def _outcome(self, assignment: Assignment, run: AsyncRun, running: _Running) -> Outcome:
        killed = Outcome(TrialState.KILLED, "the sweep was ended")
        outcome = killed
        timed_out = False
        with running.scope:
            # The trial is in the store before anything of it runs.
            await run.flush()
            with anyio.move_on_after(self._limits.timeout) as time:
                outcome = await self._executor.run(assignment, running.control)
            timed_out = time.cancelled_caught
        if timed_out:
            return Outcome(TrialState.FAILED, f"timed out after {self._limits.timeout:g} s")
        if outcome.state is TrialState.PRUNED and self.interruptions:
            return killed
        return outcome

    async def _close(self, run: AsyncRun, outcome: Outcome, tail: str) -> float | None:
        """Write down how a trial ended; return the best value that it reached."""
        await self._tracker.catch_up()
        value = await self._value(run.run_id)
        tags = {
            STATE: outcome.state,
            VALUE: None if value is None else repr(value),
            REASON: tag_text(outcome.reason),
            TAIL: tag_text(tail),
        }
        run.set_tags({key: text for key, text in tags.items() if text})
        run.end(_RUN_STATUS[outcome.state])
        return value

    async def _value(self, run_id: str) -> float | None:
        if not self._metric:
            return None
        history = await self._tracker.metric_history(run_id, self._metric)
        finite = [value for value in history.values.tolist() if math.isfinite(value)]
        return self._better(finite) if finite else None


def _first(problem: Exception) -> Exception:
    """Return the error that a task group has wrapped, which is what a caller can do something about."""
    while isinstance(problem, ExceptionGroup):
        problem = problem.exceptions[0]
    return problem
