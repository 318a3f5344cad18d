"""What a sweep file says, checked: plain values, and no defaults that belong to the run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, get_args

from ..space import Space
from .early_terminate import EarlyTerminate
from .execution import Execution
from .keys import written
from .metric import Metric

Method = Literal["grid", "random", "bayes"]
METHODS: tuple[Method, ...] = get_args(Method)


@dataclass(frozen=True, slots=True)
class SweepConfig:
    """A sweep as its author described it. `command` is None where W&B's default command is meant."""

    method: Method
    space: Space
    metric: Metric | None = None
    program: str | None = None
    command: tuple[str, ...] | None = None
    name: str | None = None
    description: str | None = None
    project: str | None = None
    run_cap: int | None = None
    early_terminate: EarlyTerminate | None = None
    execution: Execution = field(default_factory=Execution)

    def to_mapping(self) -> dict[str, object]:
        """Return the sweep file's mapping, of JSON values only; `from_mapping` reads it back."""
        rule = self.early_terminate
        return written(
            {
                "name": self.name,
                "description": self.description,
                "project": self.project,
                "program": self.program,
                "command": None if self.command is None else list(self.command),
                "method": self.method,
                "metric": None if self.metric is None else self.metric.to_mapping(),
                "parameters": self.space.to_parameters(),
                "run_cap": self.run_cap,
                "early_terminate": None if rule is None else rule.to_mapping(),
                "execution": self.execution.to_mapping(),
            }
        )
