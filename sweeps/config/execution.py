"""How a sweep runs: our own block of a sweep file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from ..errors import InvalidSweep
from ..space.faults import nearest
from ..space.values import plain
from .amounts import FAILURES
from .duration import DURATION
from .keys import Key, mapping, record, written
from .kinds import TEXT, Kind, choice, listing, whole
from .pruner import PRUNER, PrunerRule, pruner_mapping
from .resources import RESOURCES, Resources
from .retries import RETRIES, Retries
from .stop import STOP, Stop

Executor = Literal["inline", "threads", "processes", "command"]
EXECUTORS: tuple[Executor, ...] = get_args(Executor)
SAMPLERS = ("tpe", "gp", "cmaes", "qmc", "random")


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

    def to_mapping(self) -> dict[str, object]:
        """Return the mapping in a sweep file that is read as this."""
        parts = {key.name: getattr(self, key.name) for key in KEYS}
        inner = {
            "pruner": None if self.pruner is None else pruner_mapping(self.pruner),
            "retries": self.retries.to_written(),
            "resources": None if self.resources is None else self.resources.to_mapping(),
            "start_with": [dict(point) for point in self.start_with] or None,
            "warm_start": list(self.warm_start) or None,
            "stop": self.stop.to_mapping(),
        }
        return written({**parts, **inner})


def _sampler(value: object) -> str:
    name = TEXT.read(value)
    if name in SAMPLERS or ("." in name and all(part.isidentifier() for part in name.split("."))):
        return name
    problem = f"unknown sampler {name!r}; {nearest(name, SAMPLERS)}"
    raise InvalidSweep(problem)


def _executor(value: object) -> Executor:
    if value == "ray":
        problem = f"ray is not supported yet; write one of {', '.join(EXECUTORS)}"
        raise InvalidSweep(problem)
    return _EXECUTOR.read(value)


def _point(value: object) -> Mapping[str, object]:
    point = plain(mapping(value, "maps each parameter to a value"))
    return mapping(point)


def _names(value: object) -> tuple[str, ...]:
    return (TEXT.read(value),) if isinstance(value, str) else _NAMES.read(value)


_EXECUTOR = choice("executor", EXECUTORS)
_NAMES = listing(TEXT, "[my-sweep]")
_POINT: Kind[Mapping[str, object]] = Kind(_point, {"type": "object"})
_SAMPLER_SCHEMA = {"anyOf": [{"enum": list(SAMPLERS)}, {"type": "string", "pattern": r"[^.]\.[^.]"}, {"type": "null"}]}

KEYS = (
    Key("parallel", whole(1), "How many trials run at a time."),
    Key("seed", whole(0), "With the same seed a sweep proposes the same params (default: drawn)."),
    Key(
        "sampler", Kind(_sampler, _SAMPLER_SCHEMA), "What bayes searches with (default: tpe), or Optuna's module.Class."
    ),
    Key("pruner", PRUNER, "The rule by which trials that do badly are stopped early."),
    Key("executor", Kind(_executor, _EXECUTOR.schema), "Where trials run (default: processes; command for scripts)."),
    Key("dataset", TEXT, "Checkpoints are chosen by what was measured on the dataset of this name."),
    Key("timeout", DURATION, "How long one attempt of a trial may take."),
    Key("no_progress", DURATION, "How long one attempt of a trial may go without logging anything."),
    Key("grace", DURATION, "How long a trial that is told to stop has before it is killed (default: 10s)."),
    Key("retries", RETRIES, "How many more attempts a failed trial gets: a number, or a mapping by cause."),
    Key("max_failures", FAILURES, "The sweep ends when so many trials have failed: a number, or a share such as 25%."),
    Key("resources", RESOURCES, "What one trial takes of the machine."),
    Key("start_with", listing(_POINT, "[{lr: 0.01}]"), "Points of the space that are tried first."),
    Key(
        "warm_start",
        Kind(_names, {**_NAMES.schema, "type": ["string", "array"], "pattern": r"\S"}),
        "Earlier sweeps, by name or ID, whose trials the search learns from.",
    ),
    Key("stop", STOP, "When the sweep ends before its last trial."),
)
_NOT_YET = {"keep": "remove it; every checkpoint is kept"}

EXECUTION: Kind[Execution] = record(Execution, KEYS, refused=_NOT_YET)
