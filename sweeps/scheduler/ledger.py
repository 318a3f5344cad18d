"""What the scheduler writes into the store, and reads back from it: the trials' runs."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from anyio import to_thread

from tracker import AsyncRun, AsyncTracker, History, RunInfo, RunStatus
from tracker.errors import StoreUnavailable

from ..executors.output import remove
from ..samplers import Proposal
from ..study import Attempt, PastTrial, TrialResult, Verdict, is_trial, past_trial
from ..study.record import (
    ENDED,
    STATE,
    attempt_starts,
    attempt_tags,
    flat,
    left_over_from,
    newest,
    trial_tags,
    verdict_tags,
)
from ..trial import Goal, TrialState
from .door import Door
from .lease import folder_of

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
        # By name: runs of trials-to-be, of which a kill or a power cut amid the write left only that they began.
        self._begun: dict[str, AsyncRun] = {}

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
        return folder_of(self.store, self.sweep_id)

    def door(self) -> Door:
        """Return where the trials may log with MLflow."""
        return Door(self._tracker, self.sweep_id)

    def run(self, number: int) -> AsyncRun:
        """Return the run of a trial that has not ended."""
        return self._pages[number].run

    def begin(self, number: int, proposal: Proposal) -> None:
        """Give a new trial its child run."""
        name, tags, params = f"trial-{number}", trial_tags(number, proposal), flat(proposal.params)
        run = self._begun.pop(name, None)
        if run is None:
            run = self._parent.start_child(name=name, params=params, tags=tags)
        else:
            # The tags first: they make it a trial.
            run.set_tags(tags)
            run.log_params(params)
        self._pages[number] = _Page(run)

    def launch(self, attempt: Attempt) -> None:
        """Write down that an attempt begins."""
        page = self._pages[attempt.number]
        page.starts.append(time.time_ns() // 1_000_000)
        page.run.set_tags(attempt_tags(page.starts))

    def end(self, verdict: Verdict) -> None:
        """Write down how an attempt ended."""
        run, tags = self._pages[verdict.number].run, verdict_tags(verdict)
        if verdict.state.final:
            run.end(_RUN_STATUS[verdict.state], tags=tags)
            del self._pages[verdict.number]
        else:
            run.set_tags(tags)

    def give_up(self, number: int) -> None:
        """Write down that a trial that waits will not run, unless its sweep is resumed."""
        self._pages.pop(number).run.end(RunStatus.KILLED, tags={STATE: TrialState.KILLED})

    async def keep_output(self, number: int, output: str) -> None:
        """Move what an attempt has printed, if there is anything, to its trial's run."""
        await _keep(output, self._pages[number].run)

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

    async def take_over(self, number: int) -> str | None:
        """Let nobody but a trial's new attempt write into its run; return the ID of its newest whole checkpoint.

        That is the one of the highest step; None if there is none.
        """
        page = self._pages[number]
        await page.run.fence(len(page.starts) - 1)
        found = await self._tracker.search_logged_models(
            filter_string=f"run_id = '{page.run.run_id}' AND status = 'READY'", max_results=1000
        )
        steps = [
            (-1 if model.step is None else model.step, -place, model.model_id) for place, model in enumerate(found)
        ]
        return max(steps)[2] if steps else None

    async def supersede(self, number: int, step: int) -> None:
        """Take back what earlier attempts of a trial logged from the step on at which its newest one began."""
        page = self._pages[number]
        await page.run.rewind(step, page.starts[-1])

    async def recall(self) -> list[PastTrial]:
        """Read back the trials of a sweep that is resumed; those that have not ended can be launched again.

        What its scheduler had begun to write when it was killed is written to its end.
        """
        await catch_up(self._tracker)
        children = await self._tracker.children(self.sweep_id)
        self._begun = {run.name: await self._reopened(run) for run in children if not is_trial(run)}
        runs = [run for run in children if is_trial(run)]
        ids = [run.run_id for run in runs]
        curves = await self._tracker.metric_histories(ids, [self._metric]) if self._metric and ids else {}
        points = {run.run_id: _points(curves.get((run.run_id, self._metric))) for run in runs}
        past = [past_trial(run, points[run.run_id]) for run in runs]
        for run, trial in zip(runs, past, strict=True):
            if trial.state not in {TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAILED}:
                await self._recalled(run, trial, points[run.run_id])
            elif run.end_time is None:
                (await self._reopened(run)).end(_RUN_STATUS[trial.state])
        return past

    async def trials(self) -> tuple[TrialResult, ...]:
        """Return all trials by number."""
        runs = await self._tracker.children(self.sweep_id)
        return tuple(sorted(map(TrialResult.of_run, filter(is_trial, runs)), key=lambda trial: trial.number))

    async def logged(self) -> set[str]:
        """Return the names of all metrics that trials have logged."""
        return {name for run in await self._tracker.children(self.sweep_id) for name in run.metrics}

    async def close(self, status: RunStatus, reason: str) -> None:
        """End the sweep's run; `reason` says why it ended early, if it did."""
        for run in self._begun.values():
            run.end(RunStatus.KILLED)
        self._parent.end(status, tags={ENDED: reason})
        await self._tracker.catch_up()

    async def _recalled(self, run: RunInfo, trial: PastTrial, points: _Points) -> None:
        """Make a trial ready to be launched again, and finish what its lost attempt could not."""
        reopened = await self._reopened(run)
        params = flat(trial.proposal.params)
        reopened.log_params({name: value for name, value in params.items() if name not in run.params})
        outputs = await to_thread.run_sync(_outputs_of, trial.number, self.folder)
        for output in outputs:
            await _keep(output, reopened)
            remove(output)
        page = self._pages[trial.number] = _Page(reopened, attempt_starts(run))
        step = left_over_from(sorted(points, key=lambda point: point[1]), page.starts)
        if step is not None:
            await self.supersede(trial.number, step)

    async def _reopened(self, run: RunInfo) -> AsyncRun:
        return await self._tracker.start_run(run_id=run.run_id)


async def catch_up(tracker: AsyncTracker) -> None:
    """Wait until what any process has logged can be read: a sweep that knew half of its trials would run them twice.

    Raises:
        StoreUnavailable: it cannot.
    """
    if not await tracker.catch_up():
        problem = "what the sweep has logged cannot be read: another process writes to the store and does not end"
        raise StoreUnavailable(f"{problem}; find it with: tracker doctor")


async def _keep(output: str, run: AsyncRun) -> None:
    """Move what an attempt has printed to its trial's run; a file of nothing is left to whoever made it."""
    # Here, since to ask a thread takes longer than the file's metadata do.
    try:
        holds_something = os.stat(output).st_size > 0  # noqa: PTH116  # to make a path of the text takes longer
    except OSError:
        return
    if holds_something:
        await run.log_artifact(output)
        remove(output)


def _outputs_of(number: int, folder: Path) -> list[str]:
    return sorted(map(str, folder.glob(f"{number}-*.txt")))


def _points(history: History | None) -> _Points:
    if history is None:
        return []
    columns = history.steps.tolist(), history.timestamps.tolist(), history.values.tolist()
    return list(zip(*columns, strict=True))
