"""What to search, how, and for what: as Python says it, or a file."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Self

from .config import SweepConfig, expand, from_mapping, read
from .executors import CommandTarget, FunctionTarget, Target
from .executors.target import find_target


class Sweep:
    """What to search, how, and for what.

    `target` is a function of one trial (plain or async), or where to find one (`"train.py:function"`,
    `"module:function"`), or a script (`"train.py"`), which gets the params as arguments. `parameters` and
    `early_terminate` are W&B's; `metric` is a name, or W&B's whole block with `target` and `impute`. Checkpoints are
    chosen by what was measured on the dataset of the name `dataset`. What else is given belongs to the block
    `execution` of a sweep file: `parallel`, `seed`, `sampler`, `pruner`, `timeout`, `retries`, `resources`, `stop` ….

    Raises:
        InvalidSweep: with the place of what cannot be run.
        TargetNotFound: there is no such script or function.
    """

    def __init__(
        self,
        target: Callable[..., object] | str | os.PathLike[str],
        *,
        parameters: Mapping[str, object],
        metric: str | Mapping[str, object] | None = None,
        goal: str = "minimize",
        method: str = "bayes",
        run_cap: int | None = None,
        name: str | None = None,
        dataset: str | None = None,
        command: Sequence[str] | None = None,
        early_terminate: Mapping[str, object] | None = None,
        **execution: object,
    ) -> None:
        written = {
            "name": name,
            "method": method,
            "metric": {"name": metric, "goal": goal} if isinstance(metric, str) else metric,
            "parameters": parameters,
            "run_cap": run_cap,
            "early_terminate": early_terminate,
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
        target = find_target(config.program, config.command, expand, file.resolve().parent)
        return cls.of(config, target, config.name or file.stem)

    @classmethod
    def of(cls, config: SweepConfig, target: Target, name: str) -> Self:
        """Make a sweep of its parts."""
        sweep = cls.__new__(cls)
        sweep.config, sweep.target, sweep.name = config, target, name
        return sweep


def default_name(target: Target) -> str:
    """Name a sweep after what it runs."""
    if isinstance(target, CommandTarget):
        return Path(str(target)).stem
    return (target.name or getattr(target.function, "__name__", "sweep")).strip("<>")
