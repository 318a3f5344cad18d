"""What a sweep file means: everything that `sweeps check` tells."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from ..config import Document, EarlyTerminate, PrunerRule, SweepConfig, expand, from_mapping, load, remarks
from ..errors import InvalidSweep, TargetNotFound
from ..executors import CommandTarget, Target
from ..executors.target import find_target
from ..pruners import describe, make_pruner, rungs
from .distributions import Row, rows

_FIRST_RUNGS = 10


@dataclass(frozen=True, slots=True)
class Warning:  # noqa: A001 - the word that users read
    """What is allowed and yet probably not meant; `line` is that of the file, where its format tells it."""

    place: str
    line: int | None
    text: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """A sweep as it was understood. `argv` is the command line of an example trial, None where it runs a function.

    `points` counts the space, and `trials` is how many there are at most; None where there is no end of them, or where
    64 bits do not count them.
    """

    file: str
    name: str
    config: SweepConfig
    sampler: str | None
    executor: str | None
    runs: str
    example: Mapping[str, object]
    argv: tuple[str, ...] | None
    parameters: tuple[Row, ...]
    points: int | None
    trials: int | None
    ends: tuple[str, ...]
    pruner: str | None
    rungs: tuple[int, ...]
    warnings: tuple[Warning, ...]

    def to_mapping(self) -> dict[str, object]:
        """Return the explanation as JSON."""
        config = self.config.to_mapping()
        return {
            "file": self.file,
            "name": self.name,
            "method": config["method"],
            "sampler": self.sampler,
            "metric": config.get("metric"),
            "runs": self.runs,
            "executor": self.executor,
            "example": {"params": dict(self.example), "argv": None if self.argv is None else list(self.argv)},
            "parameters": [row.to_mapping() for row in self.parameters],
            "points": self.points,
            "trials": self.trials,
            "ends": list(self.ends),
            "pruner": None if self.pruner is None else {"says": self.pruner, "rungs": list(self.rungs)},
            "execution": config["execution"],
            "warnings": [asdict(warning) for warning in self.warnings],
        }


def explain(file: Path, environ: Mapping[str, str]) -> Explanation:
    """Read a sweep file and say what it means, without running anything of it.

    Raises:
        InvalidSweep: at the first fault, with the file, the line where the format tells it, and the remedy.
    """
    document = load(file)
    config = from_mapping(document.data, source=str(file), lines=document.lines)
    rule = _rule(config, document, str(file))
    target, missing = _target(config, file)
    return Explanation(
        file=str(file),
        name=config.name or file.stem,
        config=config,
        sampler=_sampler(config),
        executor=_executor(config, target),
        runs=config.program or "a command",
        example=_example(config),
        argv=_argv(config, target, environ),
        parameters=tuple(rows(config.space)),
        points=_points(config),
        trials=_trials(config),
        ends=tuple(_ends(config)),
        pruner=None if rule is None else describe(rule),
        rungs=() if rule is None else rungs(rule)[:_FIRST_RUNGS],
        warnings=_warnings(config, document, environ, missing),
    )


def _rule(config: SweepConfig, document: Document, source: str) -> PrunerRule | EarlyTerminate | None:
    rule = config.early_terminate or config.execution.pruner
    if rule is not None and config.metric is not None:
        try:
            make_pruner(rule, config.metric.goal)
        except InvalidSweep as fault:
            line = document.lines(fault.where)
            raise InvalidSweep(fault.problem, where=fault.where, source=source, line=line) from None
    return rule


def _target(config: SweepConfig, file: Path) -> tuple[Target | None, str]:
    """Return what a trial runs, or None and why it is not there."""
    try:
        return find_target(config.program, config.command, expand, file.resolve().parent), ""
    except TargetNotFound as problem:
        return None, str(problem)


def _sampler(config: SweepConfig) -> str | None:
    return (config.execution.sampler or "tpe") if config.method == "bayes" else None


def _executor(config: SweepConfig, target: Target | None) -> str | None:
    if config.execution.executor is not None or target is None:
        return config.execution.executor
    return "command" if isinstance(target, CommandTarget) else "processes"


def _example(config: SweepConfig) -> Mapping[str, object]:
    """Return the params of a first trial; of a search that learns, of one like it."""
    if config.execution.start_with:
        return config.execution.start_with[0]
    if config.method == "grid":
        return config.space.grid_points()[0]
    seed = config.execution.seed or 0
    return config.space.sample(random.Random(f"{seed}/0"))  # noqa: S311 - no secret depends on it


def _argv(config: SweepConfig, target: Target | None, environ: Mapping[str, str]) -> tuple[str, ...] | None:
    if target is not None and not isinstance(target, CommandTarget):
        return None
    program = config.program if target is None else target.program
    if target is None and (program is None or ":" in program):
        return None
    argv = expand(
        config.command,
        program=program,
        params=_example(config),
        env=environ,
        interpreter=sys.executable,
        json_file=lambda: "params.json",
    )
    return tuple(argv)


def _points(config: SweepConfig) -> int | None:
    size = config.space.size()
    return size if size is not None and size < 2**63 else None


def _trials(config: SweepConfig) -> int | None:
    points = config.space.size() if config.method == "grid" else None
    return min((count for count in (points, config.run_cap) if count is not None), default=None)


def _ends(config: SweepConfig) -> Iterator[str]:
    """Yield what ends the sweep, each as it would be said after "it ends"."""
    execution, stop, metric = config.execution, config.execution.stop, config.metric
    if (count := _trials(config)) is not None:
        yield f"after {count} trials"
    if metric is not None and metric.target is not None:
        yield f"when a trial reaches {metric.name} {metric.target:g}"
    if stop.after is not None:
        yield f"after {stop.after:g} s"
    if stop.steps is not None:
        yield f"after {stop.steps} reports of all trials together"
    if stop.plateau is not None:
        better = f" by more than {stop.plateau.delta:g}" if stop.plateau.delta else ""
        yield f"when {stop.plateau.trials} trials in a row bring nothing better{better}"
    if execution.max_failures is not None:
        most = execution.max_failures
        yield f"when {f'{100 * most:g} % of the' if most < 1 else f'{most:g}'} trials have failed"


def _warnings(config: SweepConfig, document: Document, environ: Mapping[str, str], missing: str) -> tuple[Warning, ...]:
    data = document.data if isinstance(document.data, Mapping) else {}
    found = remarks(config, data, environ)
    if missing:
        found.append(("program", missing))
    warnings = (Warning(place, document.lines(place), text) for place, text in found)
    return tuple(sorted(warnings, key=lambda warning: warning.line or 0))
