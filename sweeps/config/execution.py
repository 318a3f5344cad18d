"""How a sweep runs: our own block of a sweep file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, cast, get_args

from ..errors import InvalidSweep
from ..space.faults import refuse_unknown
from . import fields
from .duration import seconds
from .fields import Data
from .pruner import PrunerRule
from .resources import Resources
from .retries import Retries
from .stop import Stop

Executor = Literal["inline", "threads", "processes", "command"]
EXECUTORS: tuple[Executor, ...] = get_args(Executor)

_KEYS = ("parallel", "seed", "sampler", "executor", "dataset", "timeout", "retries")
_NOT_YET = {
    "pruner": "use early_terminate",
    "resources": "limit the trials at once with parallel",
    "keep": "remove it; every checkpoint is kept",
}


@dataclass(frozen=True, slots=True)
class Execution:
    """How the sweep runs; None leaves it to the moment of running, or does without.

    `dataset` names the dataset by whose measurements checkpoints are chosen. One attempt of a trial may take
    `timeout` seconds, be silent for `no_progress` seconds, and has `grace` seconds to end once it is told to.
    `max_failures` is a number of trials, or below 1 a share of those that have ended.
    """

    parallel: int | None = None
    seed: int | None = None
    sampler: str | None = None
    pruner: PrunerRule | None = None
    executor: Executor | None = None
    dataset: str | None = None
    timeout: float | None = None
    no_progress: float | None = None
    grace: float = 10.0
    retries: Retries = field(default_factory=Retries)
    max_failures: float | None = None
    resources: Resources | None = None
    start_with: tuple[Mapping[str, object], ...] = ()
    warm_start: tuple[str, ...] = ()
    stop: Stop = field(default_factory=Stop)


def parse(execution: Data) -> Execution:
    """Read the `execution` mapping; raises InvalidSweep with a place relative to it."""
    fields.refuse(execution, _NOT_YET)
    refuse_unknown(execution, _KEYS)
    return Execution(
        parallel=fields.whole(execution, "parallel", 1),
        seed=fields.whole(execution, "seed", 0),
        sampler=fields.text(execution, "sampler"),
        executor=_executor(execution),
        dataset=fields.text(execution, "dataset"),
        timeout=fields.read(execution, "timeout", seconds),
        retries=Retries(any=fields.whole(execution, "retries", 0) or 0),
    )


def _executor(execution: Data) -> Executor | None:
    if fields.text(execution, "executor") == "ray":
        problem = f"ray is not supported yet; write one of {', '.join(EXECUTORS)}"
        raise InvalidSweep(problem, where="executor")
    return cast("Executor | None", fields.choice(execution, "executor", EXECUTORS))
