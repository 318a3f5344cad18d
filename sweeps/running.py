"""Run a sweep, or go on with one that was interrupted."""

from __future__ import annotations

import json
import math
import os
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TypedDict, Unpack

import anyio
from anyio import from_thread, to_thread
from anyio.lowlevel import current_token

import tracker
from tracker import AsyncRun, AsyncTracker, RunInfo, RunStatus

from .config import SweepConfig, expand, from_mapping
from .errors import MetricNeverLogged, NoTrialSucceeded, SpaceChanged, TargetNotFound
from .executors.strays import end_attempts
from .executors.target import find_target
from .learning import learn
from .plan import Plan, Settings, plan
from .provenance import collect
from .result import SweepResult
from .scheduler import Event, Ledger, Scheduler, SweepEnded, SweepStarted, catch_up
from .scheduler.groups import task_group
from .scheduler.lease import Lease
from .scheduler.signals import interrupting
from .study import sweep_tags
from .study.lookup import LAST, named
from .study.record import CONFIG, ENDED, FORKED_FROM, SWEEPS
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


class ResumeOptions(TypedDict, total=False):
    """What `resume` takes beside the sweep."""

    store: str | os.PathLike[str] | None
    parallel: int | None
    trials: int | None
    executor: str | None
    fork: bool
    listen: Listener | None


def run(sweep: Sweep, **options: Unpack[Options]) -> SweepResult:
    """Run a sweep to its end, as `run_async` does, and return what came of it.

    A first Ctrl-C ends it in order: nothing new is launched, and trials end at their next `log`. A second ends it
    at once; either way the result is what there is, with `interrupted` set. A third leaves the program there and then.
    """
    return anyio.run(partial(run_async, sweep, **options))


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
    decided = plan(sweep, Settings(parallel, trials, seed, executor))
    async with tracker.connect(store) as open_store:
        return await _start(decided, open_store, listen or _ignore, {})


def resume(which: str = LAST, sweep: Sweep | None = None, **options: Unpack[ResumeOptions]) -> SweepResult:
    """Go on with a sweep that was interrupted, as `resume_async` does, and return what came of it."""
    return anyio.run(partial(resume_async, which, sweep, **options))


async def resume_async(
    which: str = LAST,
    sweep: Sweep | None = None,
    *,
    store: str | os.PathLike[str] | None = None,
    parallel: int | None = None,
    trials: int | None = None,
    executor: str | None = None,
    fork: bool = False,
    listen: Listener | None = None,
) -> SweepResult:
    """Go on with a sweep (its name, its run's ID, or `last`) that was interrupted or killed, as if it had not been.

    What of it still runs on this machine is ended. Trials that had not ended are tried again, from their newest
    checkpoint where they ask for it; the sampler continues with what it knew. A sweep whose trials are a function of
    Python that cannot be imported by name needs `sweep`, which must search the same space. With `fork` a sweep that
    differs begins anew, having learned what this one has.

    Raises:
        SweepNotFound: there is no such sweep.
        SweepRunning: it runs already.
        SpaceChanged: `sweep` searches something else.
    """
    async with tracker.connect(store, create=False) as open_store:
        await catch_up(open_store)
        parent = named(await open_store.search_runs(filter_string=SWEEPS), which)
        said = sweep or _recalled(parent)
        settings = Settings(parallel, trials, None, executor)
        if fork:
            forked = plan(_having_learned(said, parent), settings)
            return await _start(forked, open_store, listen or _ignore, {FORKED_FROM: parent.run_id})
        before = from_mapping(json.loads(parent.tags[CONFIG]))
        _require_same(parent.name, before, said.config)
        said = Sweep.of(_with_its_beginning(said.config, before), said.target, parent.name)
        return await _resume(
            plan(said, _as_before(settings, before, said.config)), open_store, parent, listen or _ignore
        )


async def stream(sweep: Sweep, **options: Unpack[Options]) -> AsyncIterator[Event]:
    """Run a sweep, and yield each of its events as it happens; to leave the loop is to end the sweep.

    It has an event loop and a thread of its own, so however the loop over its events is left, no cancel scope is.

    Raises:
        as `run_async` does, after the last event.
    """
    send, receive = anyio.create_memory_object_stream[Event](math.inf)
    token, threads = current_token(), from_thread.start_blocking_portal()

    def listen(event: Event) -> None:
        from_thread.run_sync(send.send_nowait, event, token=token)

    portal = await to_thread.run_sync(threads.__enter__)
    options["listen"] = listen
    running = portal.start_task_soon(partial(run_async, sweep, **options))
    running.add_done_callback(lambda _: from_thread.run_sync(send.close, token=token))
    try:
        async for event in receive:
            yield event
        running.result()
    finally:
        receive.close()
        running.cancel()
        with anyio.CancelScope(shield=True):
            await to_thread.run_sync(threads.__exit__, None, None, None)


async def _start(decided: Plan, store: AsyncTracker, listen: Listener, tags: Mapping[str, object]) -> SweepResult:
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
        async with task_group() as tasks:
            tasks.start_soon(_describe, parent, decided.sweep)
            result = await _conduct(decided, ledger, lease, listen)
    return result


async def _resume(decided: Plan, store: AsyncTracker, found: RunInfo, listen: Listener) -> SweepResult:
    """Go on with a sweep that has a run."""
    folder = Path(store.path) / "sweeps" / found.run_id
    with Lease(folder, found.name) as lease:
        await to_thread.run_sync(end_attempts, found.run_id)
        await learn(decided.study.sampler, decided.config, store)
        parent = await store.start_run(run_id=found.run_id, tags={CONFIG: json.dumps(decided.kept()), ENDED: ""})
        ledger = Ledger(store, parent, decided.metric, decided.goal)
        for verdict in decided.conductor.restore(await ledger.recall()):
            ledger.end(verdict)
        return await _conduct(decided, ledger, lease, listen)


async def _conduct(decided: Plan, ledger: Ledger, lease: Lease, listen: Listener) -> SweepResult:
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
        await scheduler.run()
        status = RunStatus.KILLED if scheduler.interruptions else RunStatus.FINISHED
    finally:
        scheduler.close()
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
    """Write down where the sweep runs, and of what code."""
    program = Path(sweep.config.program.partition(":")[0]) if sweep.config.program else None
    found = await to_thread.run_sync(collect, program)
    await parent.set_tags(found.tags)
    with tempfile.TemporaryDirectory(prefix="sweeps-") as folder:
        for name, text in found.files.items():
            (Path(folder) / name).write_text(text, "utf-8", "replace")
        await parent.log_artifact(folder, "sweep")


def _recalled(parent: RunInfo) -> Sweep:
    """Return the sweep that a run keeps the description of.

    Raises:
        InvalidSweep: its function cannot be found by name.
    """
    config = from_mapping(json.loads(parent.tags[CONFIG]))
    try:
        target = find_target(config.program, config.command, expand)
    except TargetNotFound as problem:
        message = f"{problem}; resume it from Python: sweeps.resume({parent.name!r}, sweep)"
        raise TargetNotFound(message) from problem
    return Sweep.of(config, target, parent.name)


def _having_learned(sweep: Sweep, parent: RunInfo) -> Sweep:
    """Return a sweep that learns from an earlier one too."""
    execution = sweep.config.execution
    learned = tuple(dict.fromkeys((*execution.warm_start, parent.run_id)))
    config = replace(sweep.config, execution=replace(execution, warm_start=learned))
    return Sweep.of(config, sweep.target, sweep.name)


def _with_its_beginning(config: SweepConfig, before: SweepConfig) -> SweepConfig:
    """Return a sweep's description with what its search began with: what comes next depends on that."""
    began = before.execution
    execution = replace(config.execution, start_with=began.start_with, warm_start=began.warm_start)
    return replace(config, execution=execution)


def _as_before(settings: Settings, before: SweepConfig, now: SweepConfig) -> Settings:
    """Return settings that are as they were when the sweep ran last, where nobody says otherwise now."""
    was, said = before.execution, now.execution
    parallel = next((n for n in (settings.parallel, said.parallel, was.parallel) if n is not None), None)
    trials = next((n for n in (settings.trials, now.run_cap, before.run_cap) if n is not None), None)
    return Settings(parallel, trials, was.seed, settings.executor or said.executor or was.executor)


def _require_same(name: str, before: SweepConfig, now: SweepConfig) -> None:
    """Check that a sweep asks what it asked when it began.

    Raises:
        SpaceChanged: it does not; with each difference.
    """
    questions = {
        "method": (before.method, now.method),
        "metric": (before.metric and before.metric.name, now.metric and now.metric.name),
        "goal": (before.metric and before.metric.goal, now.metric and now.metric.goal),
        "sampler": (before.execution.sampler, now.execution.sampler),
    }
    changed = [f"{key}: {was} became {is_now}" for key, (was, is_now) in questions.items() if was != is_now]
    changed += before.space.differences(now.space)
    if changed:
        raise SpaceChanged(name, changed)


def _require_success(result: SweepResult, logged: Collection[str]) -> None:
    """Check that a sweep came to something.

    Raises:
        NoTrialSucceeded, MetricNeverLogged: it did not.
    """
    failed = [trial for trial in result.trials if trial.state is TrialState.FAILED]
    if result.trials and len(failed) == len(result.trials):
        raise NoTrialSucceeded(len(failed), failed[-1].reason)
    if result.trials and result.metric and result.best_trial is None and result.metric not in logged:
        raise MetricNeverLogged(result.metric, logged)


def _ignore(event: Event) -> None:
    """Listen to nothing."""
