"""How a sweep stands, as any terminal can find out: from the store, and from the lease of who runs it."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from tracker import RunInfo, RunStatus, Tracker

from ..config import from_mapping
from ..plan import known_total
from ..scheduler.lease import folder_of, holder
from ..study import SweepRecord, TrialResult, is_trial
from ..study.record import CONFIG, ENDED, attempt_starts
from ..trial import TrialState
from .lead import Lead
from .progress import Progress, Running, ended

# How long what others have logged is waited for, in seconds; what is there by then is shown.
_PATIENCE = 2.0


class SweepState(StrEnum):
    """Whether a sweep runs. An interrupted one can go on: it was ended before its time, or its scheduler is gone."""

    RUNNING = "running"
    INTERRUPTED = "interrupted"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Standing:
    """A sweep, who runs it (a process of this machine, if anyone does), its trials' runs, and why it ended early."""

    record: SweepRecord
    parent: RunInfo
    pid: int | None
    runs: Sequence[RunInfo]

    @property
    def state(self) -> SweepState:
        """Whether it runs."""
        if self.pid is not None:
            return SweepState.RUNNING
        return SweepState.ENDED if self.parent.status is RunStatus.FINISHED else SweepState.INTERRUPTED

    @property
    def why(self) -> str:
        """Why it ended before its last trial; empty if it did not, or has not yet."""
        return self.parent.tags.get(ENDED, "")

    @property
    def trials(self) -> list[TrialResult]:
        """Its trials by number."""
        return sorted((TrialResult.of_run(run) for run in self.runs), key=lambda trial: trial.number)

    def says(self) -> str:
        """Say in a line whether it runs, or why it does not and how it goes on."""
        if self.pid is not None:
            return f"running, in process {self.pid}" if self.pid else "running"
        if self.state is SweepState.ENDED:
            return f"ended: {self.why}" if self.why else "ended"
        gone = self.parent.status is RunStatus.RUNNING
        reason = "its scheduler is gone" if gone or not self.why else self.why
        return f"interrupted: {ended(self.record.name, reason, interrupted=True)}"

    @property
    def _last(self) -> int:
        """When something of it happened last, in ms since 1970."""
        ends = [run.end_time or run.start_time for run in self.runs]
        return self.parent.end_time or max([self.parent.start_time, *ends])

    def progress(self) -> Progress:
        """Return how far it is, on the wall clock."""
        config = from_mapping(json.loads(self.parent.tags[CONFIG]))
        progress = Progress(
            clock=time.time if self.pid is not None else lambda: self._last / 1000,
            name=self.record.name,
            sweep_id=self.record.sweep_id,
            metric=self.record.metric,
            goal=self.record.goal,
            lead=Lead(self.record.goal),
            total=known_total(config),
            started=self.parent.start_time / 1000,
            finished=self.state is SweepState.ENDED,
        )
        for run in sorted(self.runs, key=lambda run: (run.end_time is None, run.end_time or 0)):
            _take(progress, run, alive=self.pid is not None)
        progress.most = len(progress.running)
        return progress


def standing_of(store: Tracker, parent: RunInfo) -> Standing:
    """Find out how a sweep stands, by all that was logged until now."""
    # Who runs it is asked first: a sweep that ends in between has then ended in the store too.
    pid = holder(folder_of(store.path, parent.run_id))
    store.catch_up(_PATIENCE)
    parent = store.get_run(parent.run_id)
    children = filter(is_trial, store.children(parent.run_id))
    return Standing(SweepRecord.of_run(parent), parent, pid, list(children))


def _take(progress: Progress, run: RunInfo, *, alive: bool) -> None:
    """Take a trial in, as the store has it."""
    trial, starts = TrialResult.of_run(run), attempt_starts(run)
    progress.retries += max(len(starts) - 1, 0)
    if trial.state is TrialState.RUNNING and alive:
        _take_running(progress, run, trial, starts)
    elif trial.state.final:
        _take_ended(progress, run, trial, starts)


def _take_running(progress: Progress, run: RunInfo, trial: TrialResult, starts: Sequence[int]) -> None:
    running = Running(max(len(starts) - 1, 0), (starts[-1] if starts else run.start_time) / 1000, trial.params)
    progress.running[trial.number] = running
    curve = run.summaries.get(progress.metric)
    if curve is not None:
        running.value, running.step = curve.last, curve.last_step
        best = curve.max if progress.goal == "maximize" else curve.min
        progress.lead.take(trial.number, best, progress.clock(), trial.params)


def _take_ended(progress: Progress, run: RunInfo, trial: TrialResult, starts: Sequence[int]) -> None:
    progress.ended[trial.state] = progress.ended.get(trial.state, 0) + 1
    end = (run.end_time or run.start_time) / 1000
    if starts:
        progress.attempts += 1
        progress.seconds += max(0.0, end - starts[-1] / 1000)
    if trial.value is not None and trial.state in {TrialState.COMPLETE, TrialState.PRUNED}:
        progress.lead.take(trial.number, trial.value, end, trial.params)
    if trial.state is TrialState.FAILED:
        progress.troubles.add(trial.number, trial.reason, again=False)
