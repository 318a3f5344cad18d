"""How a sweep runs: our own block of a sweep file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, cast, get_args

from ..errors import InvalidSweep
from ..space.faults import refuse_unknown
from . import fields
from .duration import seconds
from .fields import Data

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
    """How the sweep runs; None leaves it to the moment of running. `timeout` is seconds, of one trial.

    `dataset` names the dataset by whose measurements checkpoints are chosen.
    """

    parallel: int | None = None
    seed: int | None = None
    sampler: str | None = None
    executor: Executor | None = None
    dataset: str | None = None
    timeout: float | None = None
    retries: int = 0


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
        retries=fields.whole(execution, "retries", 0) or 0,
    )


def _executor(execution: Data) -> Executor | None:
    if fields.text(execution, "executor") == "ray":
        problem = f"ray is not supported yet; write one of {', '.join(EXECUTORS)}"
        raise InvalidSweep(problem, where="executor")
    return cast("Executor | None", fields.choice(execution, "executor", EXECUTORS))
