"""Define a sweep and run it, from Python or from a file."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Self, TypedDict, Unpack

import anyio

import tracker
from tracker import AsyncTracker, LoggedModel, RankedModels, RankOptions, RunStatus

from .config import SweepConfig, expand, from_mapping, read
from .errors import InvalidSweep, MetricNeverLogged, NoTrialSucceeded
from .executors import CommandTarget, Executor, FunctionTarget, Target, make_executor
from .executors.target import find_target
from .samplers import make_sampler
from .scheduler import Event, Limits, Scheduler, SweepEnded, SweepStarted
from .scheduler.signals import interrupting
from .study import Study, TrialResult, goal_of, sweep_tags
from .trial import Goal, TrialState

Listener = Callable[[Event], None]


class Sweep:
    """What to search, how, and for what.

    `target` is a function of one trial (plain or async), or where to find one (`"train.py:function"`,
    `"module:function"`), or a script (`"train.py"`), which gets the params as arguments. `parameters` are W&B's.
    Checkpoints are chosen by what was measured on the dataset of the name `dataset`.

    Raises:
        InvalidSweep: with the place of what cannot be run.
        TargetNotFound: there is no such script or function.
    """

    def __init__(
        self,
        target: Callable[..., object] | str | os.PathLike[str],
        *,
        parameters: Mapping[str, object],
        metric: str | None = None,
        goal: str = "minimize",
        method: str = "bayes",
        run_cap: int | None = None,
        name: str | None = None,
        dataset: str | None = None,
        command: Sequence[str] | None = None,
        **execution: object,
    ) -> None:
        written = {
            "name": name,
            "method": method,
            "metric": None if metric is None else {"name": metric, "goal": goal},
            "parameters": parameters,
            "run_cap": run_cap,
            "program": None if callable(target) else os.fspath(target),
            "command": None if command is None else list(command),
            "execution": {key: value for key, value in {"dataset": dataset, **execution}.items() if value is not None},
        }
        self.config = from_mapping({key: value for key, value in written.items() if value is not None})
        if callable(target):
            self.target: Target = FunctionTarget(function=target)
        else:
            self.target = find_target(self.config.program, self.config.command, expand)
        self.name = name or default_name(self.target)

    @classmethod
    def from_file(cls, path: str | os.PathLike[str]) -> Self:
        """Read a sweep file; its program is looked for beside it, then in the working directory."""
        file = Path(path)
        config = read(file)
        sweep = cls.__new__(cls)
        sweep.config = config
        sweep.target = find_target(config.program, config.command, expand, file.resolve().parent)
        sweep.name = config.name or file.stem
        return sweep


@dataclass(frozen=True, slots=True)
class SweepResult:
    """A sweep that has ended: its trials by number, and how to pick from their checkpoints."""

    sweep_id: str
    name: str
    store: str
    metric: str
    goal: str
    dataset: str | None
    trials: tuple[TrialResult, ...]
    seconds: float
    interrupted: bool

    @property
    def best_trial(self) -> TrialResult | None:
        """The trial that reached the best value of the sweep's metric; the earlier one of equals."""
        sign = -1.0 if self.goal == "maximize" else 1.0
        counting = {TrialState.COMPLETE, TrialState.PRUNED}
        valued = [trial for trial in self.trials if trial.value is not None and trial.state in counting]
        return min(valued, key=lambda trial: (sign * (trial.value or 0.0), trial.number), default=None)

    def count(self, state: TrialState) -> int:
        """Count the trials that ended in a state."""
        return sum(trial.state is state for trial in self.trials)

    def best(
        self,
        metric: str | None = None,
        dataset: str | None = None,
        *,
        goal: str | None = None,
    ) -> LoggedModel | None:
        """Return the best checkpoint; None if none has a finite value of the metric.

        The metric is the sweep's unless given, the dataset (`NAME` or `NAME@DIGEST`) too. The goal is the sweep's for
        its own metric; any other is maximized unless the goal is given.

        Raises:
            AmbiguousDataset: it was measured on several datasets and none is named.
            DatasetNotFound: no checkpoint was measured on the one that is named.
        """
        return next(iter(self.rank(metric, dataset, goal=goal, top=1)), None)

    def rank(
        self,
        metric: str | Mapping[str, str] | None = None,
        dataset: str | None = None,
        *,
        goal: str | None = None,
        top: int = 5,
        **how: Unpack[RankOptions],
    ) -> RankedModels[LoggedModel]:
        """Return the best checkpoints, the best first, as `best` does; `how` is what `Tracker.rank` takes besides."""
        by = metric or self.metric
        if isinstance(by, str):
            goal = goal or goal_of(by, self.metric, self.goal)
        with tracker.open(self.store, create=False) as store:
            return store.rank(
                by,
                goal=goal or "maximize",
                dataset=dataset or self.dataset,
                parent_run_id=self.sweep_id,
                top=top,
                **how,
            )


def default_name(target: Target) -> str:
    """Name a sweep after what it runs."""
    if isinstance(target, CommandTarget):
        return Path(str(target)).stem
    return (target.name or getattr(target.function, "__name__", "sweep")).strip("<>")


class Settings(TypedDict, total=False):
    """What `run_async` takes beside the sweep."""

    store: str | os.PathLike[str] | None
    parallel: int | None
    trials: int | None
    seed: int | None
    executor: str | None
    listen: Listener | None


def run(sweep: Sweep, **settings: Unpack[Settings]) -> SweepResult:
    """Run a sweep to its end, as `run_async` does, and return what came of it.

    A first Ctrl-C ends it in order: nothing new is launched, and trials end at their next `log`. A second ends it
    at once. Either way the result is what there is, with `interrupted` set.
    """
    return anyio.run(partial(run_async, sweep, **settings))


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
    plan = _plan(sweep, parallel, trials, seed, executor)
    started = time.monotonic()
    async with tracker.connect(store) as open_store:
        sweep_id, interrupted = await _conduct(plan, open_store, listen or _ignore)
        ended = await _trials(open_store, sweep_id)
        result = SweepResult(
            sweep_id=sweep_id,
            name=sweep.name,
            store=str(open_store.path),
            metric=plan.metric,
            goal=plan.goal,
            dataset=plan.config.execution.dataset,
            trials=ended,
            seconds=time.monotonic() - started,
            interrupted=interrupted,
        )
        await _require_success(result, open_store)
    return result


@dataclass(frozen=True, slots=True)
class _Plan:
    """A sweep with everything decided that running needs."""

    sweep: Sweep
    config: SweepConfig
    parallel: int
    seed: int
    executor: Executor
    study: Study

    @property
    def metric(self) -> str:
        return self.config.metric.name if self.config.metric else ""

    @property
    def goal(self) -> Goal:
        return self.config.metric.goal if self.config.metric else "minimize"

    @property
    def total(self) -> int | None:
        size = self.config.space.size() if self.config.method == "grid" else None
        known = [count for count in (size, self.config.run_cap) if count is not None]
        return min(known) if known else None


def _plan(sweep: Sweep, parallel: int | None, trials: int | None, seed: int | None, executor: str | None) -> _Plan:
    config = sweep.config if trials is None else replace(sweep.config, run_cap=_positive(trials, "trials"))
    execution = config.execution
    _refuse_unsupported(config)
    chosen_seed = next(value for value in (seed, execution.seed, secrets.randbits(31)) if value is not None)
    goal: Goal = config.metric.goal if config.metric else "minimize"
    study = Study(
        make_sampler(config.method, execution.sampler, config.space, goal, chosen_seed),
        goal=goal,
        seed=chosen_seed,
        run_cap=config.run_cap,
        target=config.metric.target if config.metric else None,
    )
    slots = _positive(next(n for n in (parallel, execution.parallel, 1) if n is not None), "parallel")
    return _Plan(
        sweep=sweep,
        config=config,
        parallel=slots,
        seed=chosen_seed,
        executor=make_executor(_executor_for(sweep.target, executor or execution.executor), sweep.target, slots),
        study=study,
    )


def _refuse_unsupported(config: SweepConfig) -> None:
    if config.early_terminate is not None:
        raise InvalidSweep("is not supported yet; remove it and no trial is stopped early", where="early_terminate")
    if config.execution.retries.any:
        raise InvalidSweep(
            "is not supported yet; remove it, and a failed trial stays failed", where="execution.retries"
        )


def _positive(number: int, what: str) -> int:
    if number < 1:
        raise InvalidSweep(f"{number} is too small; at least 1", where=what)
    return number


def _executor_for(target: Target, wanted: str | None) -> str:
    fitting = ("command",) if isinstance(target, CommandTarget) else ("processes", "threads", "inline")
    if wanted is not None and wanted not in fitting:
        kind = "a command" if isinstance(target, CommandTarget) else "a function"
        problem = f"{wanted!r} cannot run {kind} ({target}); it runs by {' or '.join(fitting)}"
        raise InvalidSweep(problem, where="execution.executor")
    return wanted or fitting[0]


async def _conduct(plan: _Plan, store: AsyncTracker, listen: Listener) -> tuple[str, bool]:
    config, name = plan.config, plan.sweep.name
    parent = await store.start_run(
        config.project or name,
        name=name,
        tags=sweep_tags(
            {**config.to_mapping(), "program": str(plan.sweep.target)},
            seed=plan.seed,
            space=config.space.digest(),
            metric=plan.metric,
            goal=plan.goal,
            dataset=config.execution.dataset,
        ),
    )
    status = RunStatus.KILLED
    scheduler = Scheduler(
        plan.study,
        plan.executor,
        store,
        parent,
        metric=plan.metric,
        goal=plan.goal,
        limits=Limits(plan.parallel, config.execution.timeout),
        listen=listen,
    )
    try:
        await parent.flush()
        listen(SweepStarted(parent.run_id, name, plan.total, plan.parallel, plan.metric, plan.goal))
        async with interrupting(scheduler.interrupt):
            await scheduler.run()
        status = RunStatus.KILLED if scheduler.interruptions else RunStatus.FINISHED
    finally:
        scheduler.close()
        parent.end(status)
        with anyio.CancelScope(shield=True):
            await store.catch_up()
    listen(SweepEnded(bool(scheduler.interruptions)))
    return parent.run_id, bool(scheduler.interruptions)


async def _trials(store: AsyncTracker, sweep_id: str) -> tuple[TrialResult, ...]:
    runs = await store.children(sweep_id)
    return tuple(sorted((TrialResult.of_run(child) for child in runs), key=lambda trial: trial.number))


async def _require_success(result: SweepResult, store: AsyncTracker) -> None:
    if result.interrupted or not result.trials:
        return
    failed = [trial for trial in result.trials if trial.state is TrialState.FAILED]
    if len(failed) == len(result.trials):
        raise NoTrialSucceeded(len(failed), failed[-1].reason)
    if result.metric and result.best_trial is None:
        names = {name for child in await store.children(result.sweep_id) for name in child.metrics}
        if result.metric not in names:
            raise MetricNeverLogged(result.metric, names)


def _ignore(event: Event) -> None:
    """Listen to nothing."""
