"""Run a sweep."""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TypedDict, Unpack

import anyio
from anyio import to_thread

import tracker
from tracker import AsyncRun, AsyncTracker, RunStatus
from tracker.errors import TrackerError

from .errors import InvalidSweep, MetricNeverLogged, NoTrialSucceeded
from .learning import learn
from .plan import Plan, Settings, plan
from .provenance import collect
from .result import SweepResult
from .scheduler import Event, Ledger, Scheduler, SweepEnded, SweepStarted
from .scheduler.attentive import attentive, run_in_loop
from .scheduler.groups import task_group
from .scheduler.kept import keep
from .scheduler.lease import Lease
from .scheduler.signals import interrupting
from .study import sweep_tags
from .sweep import Sweep
from .trial import TrialState
from .trials import Trials

Listener = Callable[[Event], None]


class Options(TypedDict, total=False):
    """What `run` takes beside the sweep."""

    store: str | os.PathLike[str] | None
    parallel: int | None
    trials: int | None
    seed: int | None
    executor: str | None
    listen: Listener | None


def run(sweep: Sweep, **options: Unpack[Options]) -> SweepResult:
    """Run a sweep to its end, as `run_async` does, and return what came of it.

    A first Ctrl-C ends it in order: nothing new is launched, and trials end at their next `log`. A second ends it
    at once; either way the result is what there is, with `interrupted` set. A third leaves the program there and then.
    """
    return run_in_loop(partial(run_async, sweep, **options))


async def run_async(
    sweep: Sweep,
    *,
    store: str | os.PathLike[str] | None = None,
    parallel: int | None = None,
    trials: int | None = None,
    seed: int | None = None,
    executor: str | None = None,
    listen: Listener | None = None,
) -> SweepResult:
    """Run a sweep to its end and return what came of it.

    Arguments take precedence over the sweep's own settings. One trial runs at a time unless said otherwise; a seed
    is drawn unless given. `listen` is called with every event.

    Raises:
        InvalidSweep: with the place of what cannot be run; nothing was started then.
        MetricNeverLogged: no trial logged the sweep's metric.
        NoTrialSucceeded: every trial failed.
    """
    require_folder(store)
    decided = await to_thread.run_sync(plan, sweep, Settings(parallel, trials, seed, executor))
    async with tracker.connect(store) as open_store:
        return await begin(decided, open_store, listen or ignore, {})


def require_folder(store: str | os.PathLike[str] | None) -> None:
    """Check that a sweep's store is a folder, in which it also keeps what says that it runs.

    Raises:
        InvalidSweep: it is a server.
    """
    named = str(store or os.environ.get("TRACKER_STORE", ""))
    if "://" in named:
        raise InvalidSweep("a sweep runs beside its store: name a folder, not a server", where="store")


async def begin(decided: Plan, store: AsyncTracker, listen: Listener, tags: Mapping[str, object]) -> SweepResult:
    """Begin a sweep, with a run of its own."""
    name, study = decided.sweep.name, decided.study
    await learn(study.sampler, decided.config, store)
    parent = await store.start_run(
        decided.config.project or name,
        name=name,
        tags=sweep_tags(
            decided.kept(),
            seed=decided.seed,
            space=decided.config.space.digest(),
            metric=decided.metric,
            goal=decided.goal,
            dataset=decided.config.execution.dataset,
        ),
    )
    await parent.set_tags(tags)
    await parent.flush()
    ledger = Ledger(store, parent, decided.metric, decided.goal)
    with Lease(ledger.folder, name) as lease:
        await to_thread.run_sync(keep, ledger.folder, json.dumps(decided.kept()))
        async with task_group() as tasks:
            tasks.start_soon(_describe, parent, decided.sweep)
            result = await conduct(decided, ledger, lease, listen)
    return result


async def conduct(decided: Plan, ledger: Ledger, lease: Lease, listen: Listener) -> SweepResult:
    """Run a sweep that has its run and its lease."""
    scheduler = Scheduler(
        decided.conductor,
        decided.executor,
        ledger,
        metric=decided.metric,
        limits=decided.limits,
        listen=listen,
        lease=lease,
    )
    # Also while the sweep's end is written down, which an impatient Ctrl-C must not cut.
    async with interrupting(scheduler.interrupt):
        return await _conducted(decided, scheduler, ledger, listen)


async def _conducted(decided: Plan, scheduler: Scheduler, ledger: Ledger, listen: Listener) -> SweepResult:
    started = time.monotonic()
    status = RunStatus.KILLED
    try:
        listen(_started(decided, ledger))
        with attentive():
            await scheduler.run()
        status = RunStatus.KILLED if scheduler.interruptions else RunStatus.FINISHED
    finally:
        with anyio.CancelScope(shield=True):
            await ledger.close(status, decided.study.ending)
    interrupted, ended = bool(scheduler.interruptions), decided.study.ending
    listen(SweepEnded(interrupted, ended))
    result = SweepResult(
        sweep_id=ledger.sweep_id,
        name=decided.sweep.name,
        store=str(ledger.store),
        metric=decided.metric,
        goal=decided.goal,
        dataset=decided.config.execution.dataset,
        trials=Trials(await ledger.trials()),
        seconds=time.monotonic() - started,
        interrupted=interrupted,
        ended=ended,
    )
    if not interrupted:
        _require_success(result, await ledger.logged() if result.best_trial is None else ())
    return result


def _started(decided: Plan, ledger: Ledger) -> SweepStarted:
    tally = decided.study.tally
    best = None if tally.best_number is None or tally.best_value is None else (tally.best_number, tally.best_value)
    return SweepStarted(
        ledger.sweep_id,
        decided.sweep.name,
        decided.total,
        decided.parallel,
        decided.metric,
        decided.goal,
        dict(tally.states),
        best,
    )


async def _describe(parent: AsyncRun, sweep: Sweep) -> None:
    """Write down where the sweep runs, and of what code; without room for it, the sweep runs all the same."""
    found = await to_thread.run_sync(collect, sweep.target.file)
    with suppress(OSError, TrackerError):
        await parent.set_tags(found.tags)
        with tempfile.TemporaryDirectory(prefix="sweeps-") as folder:
            for name, text in found.files.items():
                (Path(folder) / name).write_text(text, "utf-8", "replace")
            await parent.log_artifact(folder, "sweep")


def _require_success(result: SweepResult, logged: Collection[str]) -> None:
    """Check that a sweep came to something.

    Raises:
        NoTrialSucceeded, MetricNeverLogged: it did not.
    """
    states = {trial.state for trial in result.trials}
    failed = [trial for trial in result.trials if trial.state is TrialState.FAILED]
    if failed and not states & {TrialState.COMPLETE, TrialState.PRUNED}:
        raise NoTrialSucceeded(len(failed), failed[-1].reason)
    if result.trials and result.metric and result.best_trial is None and result.metric not in logged:
        raise MetricNeverLogged(result.metric, logged)


def ignore(event: Event) -> None:
    """Listen to nothing."""
