"""What a study is told once, at its beginning."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Self

from ..config import SweepConfig
from ..config.metric import Impute
from ..config.retries import Retries
from ..config.stop import Stop
from ..samplers import Params
from ..trial import Goal

# So many trials that all fail, before any succeeds, show that it is not the params: the rest would fail too.
FIRST_FAILURES = 5


@dataclass(frozen=True, slots=True)
class Rules:
    """How trials are compared, how often they are tried again, and when the search ends.

    `run_cap` counts trials, whatever became of them. `max_failures` is a number of failed trials, or below 1 a share
    of those that have ended, once `FIRST_FAILURES` have. The first trials take the params of `start_with`.
    """

    goal: Goal = "minimize"
    seed: int = 0
    run_cap: int | None = None
    target: float | None = None
    retries: Retries = field(default_factory=Retries)
    max_failures: float | None = None
    stop: Stop = field(default_factory=Stop)
    impute: Impute | None = None
    start_with: tuple[Params, ...] = ()

    @classmethod
    def of(cls, config: SweepConfig, seed: int) -> Self:
        """Gather the rules of a sweep."""
        metric, execution = config.metric, config.execution
        return cls(
            goal=metric.goal if metric else "minimize",
            seed=seed,
            run_cap=config.run_cap,
            target=metric.target if metric else None,
            retries=execution.retries,
            max_failures=execution.max_failures,
            stop=execution.stop,
            impute=metric.impute if metric else None,
            start_with=execution.start_with,
        )

    def loss(self, value: float) -> float:
        """Return a value with its sign such that less is better."""
        return -value if self.goal == "maximize" else value
