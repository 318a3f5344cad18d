"""Everything decided that running a sweep needs, before anything of it runs."""

from __future__ import annotations

import math
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import cast

from .config import SweepConfig
from .config.execution import Executor as ExecutorName
from .errors import InvalidSweep
from .executors import CommandTarget, Executor, Target, make_executor
from .pruners import Pruner, make_pruner
from .samplers import Params, make_sampler
from .scheduler import Conductor, Limits
from .slots import Need, Slots, find_capacity, need_of
from .study import Rules, Study
from .sweep import Sweep
from .trial import Goal


@dataclass(frozen=True, slots=True)
class Settings:
    """What whoever runs a sweep says beside it; it takes precedence over the sweep's own settings."""

    parallel: int | None = None
    trials: int | None = None
    seed: int | None = None
    executor: str | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """A sweep, its settings as they will be, and the objects that will run it."""

    sweep: Sweep
    config: SweepConfig
    parallel: int | None
    seed: int
    executor: Executor
    conductor: Conductor
    limits: Limits

    @property
    def study(self) -> Study:
        """The search."""
        return self.conductor.study

    @property
    def metric(self) -> str:
        """The metric's name; empty where the sweep has none."""
        return self.config.metric.name if self.config.metric else ""

    @property
    def goal(self) -> Goal:
        """Which way the metric is better."""
        return self.config.metric.goal if self.config.metric else "minimize"

    @property
    def total(self) -> int | None:
        """How many trials there will be, if nothing ends the sweep before; None if nobody knows."""
        return known_total(self.config)

    def kept(self) -> dict[str, object]:
        """Return the sweep's description as its run keeps it, with the settings that it runs by."""
        target = self.sweep.target
        program = target.program if isinstance(target, CommandTarget) else str(target)
        return {**self.config.to_mapping(), **({"program": program} if program else {})}


def plan(sweep: Sweep, settings: Settings) -> Plan:
    """Decide how a sweep runs.

    Raises:
        InvalidSweep: with the place of what cannot be run.
    """
    config, seed = _settled(sweep, settings)
    execution = config.execution
    rules = Rules.of(config, seed)
    sampler = make_sampler(config.method, execution.sampler, config.space, rules.goal, seed)
    slots, need = Slots(find_capacity(os.environ), execution.parallel), _need(config)
    parallel = _at_once(slots, need, execution.parallel)
    executor = _executor_for(sweep.target, execution.executor)
    return Plan(
        sweep=sweep,
        config=config,
        parallel=parallel,
        seed=seed,
        executor=make_executor(executor, sweep.target, parallel or math.inf),
        conductor=Conductor(Study(sampler, rules, _pruner(config, rules.goal)), slots, need),
        limits=Limits(execution.timeout, execution.no_progress, execution.grace),
    )


def known_total(config: SweepConfig) -> int | None:
    """Return how many trials a sweep has at most; None if there is no end of them."""
    size = config.space.size() if config.method == "grid" else None
    return min((count for count in (size, config.run_cap) if count is not None), default=None)


def _settled(sweep: Sweep, settings: Settings) -> tuple[SweepConfig, int]:
    """Return the sweep's description with the settings that it will run by, and its seed."""
    config = sweep.config
    if settings.trials is not None:
        config = replace(config, run_cap=_positive(settings.trials, "trials"))
    execution = config.execution
    seed = next(value for value in (settings.seed, execution.seed, secrets.randbits(31)) if value is not None)
    parallel = execution.parallel if settings.parallel is None else _positive(settings.parallel, "parallel")
    if parallel is None and execution.resources is None:
        parallel = 1
    executor = cast("ExecutorName | None", settings.executor or execution.executor)
    return replace(config, execution=replace(execution, seed=seed, parallel=parallel, executor=executor)), seed


def _positive(number: int, what: str) -> int:
    if number < 1:
        raise InvalidSweep(f"{number} is too small; at least 1", where=what)
    return number


def _pruner(config: SweepConfig, goal: Goal) -> Pruner | None:
    rule = config.early_terminate or config.execution.pruner
    return None if rule is None else make_pruner(rule, goal)


def _need(config: SweepConfig) -> Need | Callable[[Params], Need]:
    """Return what every trial needs, or how to find out from its params."""
    resources = config.execution.resources
    if resources is not None and any(isinstance(amount, str) for amount in (resources.cpu, resources.gpu)):
        return partial(need_of, resources)
    if resources is not None and isinstance(resources.memory, str) and resources.memory.startswith("params."):
        return partial(need_of, resources)
    return need_of(resources, {})


def _at_once(slots: Slots, need: Need | Callable[[Params], Need], parallel: int | None) -> int | None:
    """Return how many trials will run at a time; None where only their params tell."""
    if not isinstance(need, Need):
        return parallel
    slots.require(need)
    grants = list(iter(partial(slots.take, need), None))
    for grant in grants:
        slots.give(grant)
    return len(grants)


def _executor_for(target: Target, wanted: str | None) -> str:
    fitting = ("command",) if isinstance(target, CommandTarget) else ("processes", "threads", "inline")
    if wanted is not None and wanted not in fitting:
        kind = "a command" if isinstance(target, CommandTarget) else "a function"
        problem = f"{wanted!r} cannot run {kind} ({target}); it runs by {' or '.join(fitting)}"
        raise InvalidSweep(problem, where="execution.executor")
    return wanted or fitting[0]
