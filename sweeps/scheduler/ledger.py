"""What the scheduler writes into the store, and reads back from it: the trials' runs."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tracker import AsyncRun, AsyncTracker, History, RunInfo, RunStatus

from ..samplers import Proposal
from ..study import Attempt, PastTrial, TrialResult, Verdict, past_trial
from ..study.record import ENDED, STATE, attempt_starts, attempt_tags, flat, newest, trial_tags, verdict_tags
from ..trial import Goal, TrialState

_RUN_STATUS = {
    TrialState.COMPLETE: RunStatus.FINISHED,
    TrialState.PRUNED: RunStatus.FINISHED,
    TrialState.FAILED: RunStatus.FAILED,
    TrialState.KILLED: RunStatus.KILLED,
}

# (step, timestamp in ms, value) of each point of a curve, in the order of logging.
_Points = list[tuple[int, int, float]]


@dataclass(slots=True)
class _Page:
    run: AsyncRun
    # When each attempt began, in ms since 1970.
    starts: list[int] = field(default_factory=list)


class Ledger:
    """A sweep's run, and its trials as child runs of it."""

    def __init__(self, tracker: AsyncTracker, parent: AsyncRun, metric: str, goal: Goal) -> None:
        self._tracker = tracker
        self._parent = parent
        self._metric = metric
        self._better: Callable[[list[float]], float] = max if goal == "maximize" else min
        self._pages: dict[int, _Page] = {}

    @property
    def store(self) -> Path:
        """The folder where it all is kept."""
        return Path(self._tracker.path)

    @property
    def sweep_id(self) -> str:
        """The parent run's ID."""
        return self._parent.run_id

    @property
    def folder(self) -> Path:
        """The sweep's own folder in the store."""
        return self.store / "sweeps" / self.sweep_id

    def run(self, number: int) -> AsyncRun:
        """Return the run of a trial that has not ended."""
        return self._pages[number].run

    def begin(self, number: int, proposal: Proposal) -> None:
        """Give a new trial its child run."""
        run = self._parent.start_child(
            name=f"trial-{number}", params=flat(proposal.params), tags=trial_tags(number, proposal)
        )
        self._pages[number] = _Page(run)

    def launch(self, attempt: Attempt) -> None:
        """Write down that an attempt begins."""
        page = self._pages[attempt.number]
        page.starts.append(time.time_ns() // 1_000_000)
        page.run.set_tags(attempt_tags(page.starts))

    def end(self, verdict: Verdict) -> None:
        """Write down how an attempt ended."""
        run = self._pages[verdict.number].run
        run.set_tags(verdict_tags(verdict))
        if verdict.state.final:
            run.end(_RUN_STATUS[verdict.state])
            del self._pages[verdict.number]

    def give_up(self, number: int) -> None:
        """Write down that a trial that waits will not run, unless its sweep is resumed."""
        run = self._pages.pop(number).run
        run.set_tags({STATE: TrialState.KILLED})
        run.end(RunStatus.KILLED)

    async def keep_output(self, number: int, output: Path) -> None:
        """Move what an attempt has printed to its trial's run."""
        # Here, since to ask a thread takes longer than the file's metadata do.
        if _holds_something(output):
            await self._pages[number].run.log_artifact(output)
        _remove(output)

    async def value(self, number: int) -> float | None:
        """Return the best value that a trial's processes have logged by now."""
        if not self._metric:
            return None
        page = self._pages[number]
        await self._tracker.catch_up()
        history = await self._tracker.metric_history(page.run.run_id, self._metric)
        points = sorted(_points(history), key=lambda point: point[1])
        finite = [value for _, value in newest(points, page.starts) if math.isfinite(value)]
        return self._better(finite) if finite else None

    async def newest_checkpoint(self, number: int) -> str | None:
        """Return the ID of a trial's newest whole checkpoint, that of the highest step."""
        await self._tracker.catch_up()
        found = await self._tracker.search_logged_models(
            filter_string=f"run_id = '{self._pages[number].run.run_id}' AND status = 'READY'", max_results=1000
        )
        steps = [
            (-1 if model.step is None else model.step, -place, model.model_id) for place, model in enumerate(found)
        ]
        return max(steps)[2] if steps else None

    async def recall(self) -> list[PastTrial]:
        """Read back the trials of a sweep that is resumed; those that have not ended can be launched again."""
        await self._tracker.catch_up()
        runs = await self._tracker.children(self.sweep_id)
        ids = [run.run_id for run in runs]
        curves = await self._tracker.metric_histories(ids, [self._metric]) if self._metric and ids else {}
        past = [past_trial(run, _points(curves.get((run.run_id, self._metric)))) for run in runs]
        for run, trial in zip(runs, past, strict=True):
            if trial.state not in {TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAILED}:
                self._pages[trial.number] = await self._reopened(run)
        return past

    async def trials(self) -> tuple[TrialResult, ...]:
        """Return all trials by number."""
        runs = await self._tracker.children(self.sweep_id)
        return tuple(sorted((TrialResult.of_run(run) for run in runs), key=lambda trial: trial.number))

    async def logged(self) -> set[str]:
        """Return the names of all metrics that trials have logged."""
        return {name for run in await self._tracker.children(self.sweep_id) for name in run.metrics}

    async def close(self, status: RunStatus, reason: str) -> None:
        """End the sweep's run; `reason` says why it ended early, if it did."""
        self._parent.set_tags({ENDED: reason})
        self._parent.end(status)
        await self._tracker.catch_up()

    async def _reopened(self, run: RunInfo) -> _Page:
        return _Page(await self._tracker.start_run(run_id=run.run_id), attempt_starts(run))


def _holds_something(output: Path) -> bool:
    try:
        return output.stat().st_size > 0
    except OSError:
        return False


def _remove(output: Path) -> None:
    output.unlink(missing_ok=True)


def _points(history: History | None) -> _Points:
    if history is None:
        return []
    columns = history.steps.tolist(), history.timestamps.tolist(), history.values.tolist()
    return list(zip(*columns, strict=True))
