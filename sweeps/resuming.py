"""Go on with a sweep that was interrupted, or begin anew with what it has learned."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from functools import partial
from typing import TypedDict, Unpack

from anyio import to_thread

import tracker
from tracker import AsyncTracker, RunInfo

from .config import SweepConfig, expand, from_mapping
from .errors import SpaceChanged, TargetNotFound
from .executors.strays import end_attempts
from .executors.target import find_target
from .learning import learn
from .plan import Plan, Settings, plan
from .result import SweepResult
from .running import Listener, begin, conduct, ignore, require_folder
from .scheduler import Ledger, catch_up
from .scheduler.attentive import run_in_loop
from .scheduler.kept import keep, kept
from .scheduler.lease import Lease, folder_of
from .study.lookup import LAST, named
from .study.record import CONFIG, ENDED, FORKED_FROM, SWEEPS
from .sweep import Sweep


class ResumeOptions(TypedDict, total=False):
    """What `resume` takes beside the sweep."""

    store: str | os.PathLike[str] | None
    parallel: int | None
    trials: int | None
    executor: str | None
    fork: bool
    listen: Listener | None


def resume(which: str = LAST, sweep: Sweep | None = None, **options: Unpack[ResumeOptions]) -> SweepResult:
    """Go on with a sweep that was interrupted, as `resume_async` does, and return what came of it."""
    return run_in_loop(partial(resume_async, which, sweep, **options))


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
    require_folder(store)
    async with tracker.connect(store, create=False) as open_store:
        await catch_up(open_store)
        parent = named(await open_store.search_runs(filter_string=SWEEPS), which)
        before = _before(open_store, parent)
        said = sweep or _recalled(parent, before)
        settings = Settings(parallel, trials, None, executor)
        if fork:
            forked = await to_thread.run_sync(plan, _having_learned(said, parent), settings)
            return await begin(forked, open_store, listen or ignore, {FORKED_FROM: parent.run_id})
        _require_same(parent.name, before, said.config)
        said = Sweep.of(_with_its_beginning(said.config, before), said.target, parent.name)
        decided = await to_thread.run_sync(plan, said, _as_before(settings, before, said.config))
        return await _go_on(decided, open_store, parent, listen or ignore)


async def _go_on(decided: Plan, store: AsyncTracker, found: RunInfo, listen: Listener) -> SweepResult:
    """Go on with a sweep that has a run."""
    folder = folder_of(store.path, found.run_id)
    with Lease(folder, found.name) as lease:
        await to_thread.run_sync(end_attempts, found.run_id)
        await learn(decided.study.sampler, decided.config, store)
        description = json.dumps(decided.kept())
        await to_thread.run_sync(keep, folder, description)
        parent = await store.start_run(run_id=found.run_id, tags={CONFIG: description, ENDED: ""})
        ledger = Ledger(store, parent, decided.metric, decided.goal)
        for verdict in decided.conductor.restore(await ledger.recall()):
            ledger.end(verdict)
        return await conduct(decided, ledger, lease, listen)


def _before(store: AsyncTracker, parent: RunInfo) -> SweepConfig:
    """Return what a sweep ran by; its run's tag is believed only where its folder does not say."""
    return from_mapping(json.loads(kept(folder_of(store.path, parent.run_id)) or parent.tags[CONFIG]))


def _recalled(parent: RunInfo, config: SweepConfig) -> Sweep:
    """Return the sweep of a description.

    Raises:
        InvalidSweep: its function cannot be found by name.
    """
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
