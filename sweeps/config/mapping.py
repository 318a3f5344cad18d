"""A sweep file's mapping, checked key by key.

W&B's own keys are read as W&B reads them; those that have no meaning on one machine are accepted and left
alone, and those with a meaning that is not here yet are refused by name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar, cast

from ..errors import InvalidSweep
from ..space import Space
from ..space.faults import kind, unknown_key, within
from ..space.values import text
from . import early_terminate, execution, fields, metric
from .command import check
from .execution import Execution
from .fields import Data
from .interface import LineFinder, Lines
from .sweep_config import METHODS, Method, SweepConfig

T = TypeVar("T")

_READ = (
    "program",
    "command",
    "method",
    "metric",
    "parameters",
    "early_terminate",
    "run_cap",
    "name",
    "description",
    "project",
    "execution",
)
_LEFT_ALONE = ("entity", "controller", "kind", "apiVersion", "job", "image_uri")
_NOT_YET = {
    "metrics": "name one metric under metric",
    "scheduler": f"remove it and choose a method: {', '.join(METHODS)}",
}


def from_mapping(data: object, *, source: str = "", lines: LineFinder | None = None) -> SweepConfig:
    """Check a sweep's description.

    Raises:
        InvalidSweep: at the first fault, with the source, the line where `lines` knows it, and the remedy.
    """
    find = lines or Lines()
    try:
        return _config(_top(data, find))
    except InvalidSweep as fault:
        line = fault.line if fault.line is not None else find(fault.where)
        raise InvalidSweep(fault.problem, where=fault.where, source=source, line=line) from None


def _top(data: object, find: LineFinder) -> Data:
    if not isinstance(data, Mapping):
        problem = f"holds {kind(data)}; a sweep is a mapping with at least method and parameters"
        raise InvalidSweep(problem)
    fields.refuse(data, _NOT_YET)
    if found := unknown_key(data, (*_READ, *_LEFT_ALONE)):
        key, problem = found
        raise InvalidSweep(problem, line=find(key))
    return data


def _config(data: Data) -> SweepConfig:
    config = SweepConfig(
        method=_method(data),
        space=_space(data),
        metric=_block(data, "metric", metric.parse),
        program=fields.text(data, "program"),
        command=fields.read(data, "command", _command),
        name=fields.text(data, "name"),
        description=fields.text(data, "description"),
        project=fields.text(data, "project"),
        run_cap=fields.whole(data, "run_cap", 1),
        early_terminate=_block(data, "early_terminate", early_terminate.parse),
        execution=_block(data, "execution", execution.parse) or Execution(),
    )
    _check_together(config)
    return config


def _block(data: Data, key: str, parse: Callable[[Data], T]) -> T | None:
    block = fields.mapping(data, key)
    if block is None:
        return None
    with within(key):
        return parse(block)


def _method(data: Data) -> Method:
    method = fields.text(data, "method")
    if method == "custom":
        problem = f"custom is not supported yet; write one of {', '.join(METHODS)}"
        raise InvalidSweep(problem, where="method")
    if method is None:
        problem = f"needs a method; write method: and one of {', '.join(METHODS)}"
        raise InvalidSweep(problem)
    return cast("Method", fields.choice(data, "method", METHODS))


def _space(data: Data) -> Space:
    if "parameters" not in data:
        problem = "needs parameters; write at least one, such as parameters: {lr: {min: 0.001, max: 0.1}}"
        raise InvalidSweep(problem)
    return Space.from_parameters(cast("Data", data["parameters"]))


def _command(value: object) -> tuple[str, ...]:
    if isinstance(value, str) or not isinstance(value, Sequence):
        problem = f'must be a list such as ["${{interpreter}}", "${{program}}", "${{args}}"], not {kind(value)}'
        raise InvalidSweep(problem)
    if not value:
        problem = "is empty; list the program and its arguments, or remove the key"
        raise InvalidSweep(problem)
    return tuple(_item(index, item) for index, item in enumerate(value))


def _item(index: int, item: object) -> str:
    with within(f"[{index}]"):
        if not isinstance(item, str | int | float):
            problem = f"must be text, not {kind(item)}"
            raise InvalidSweep(problem)
        word = text(str(item))
        check(word)
        return word


def _check_together(config: SweepConfig) -> None:
    if config.method == "grid":
        config.space.grid_points()
    if config.metric is not None:
        return
    if config.method == "bayes":
        problem = "bayes needs a metric; write metric: {name: loss, goal: minimize}"
        raise InvalidSweep(problem, where="method")
    if config.early_terminate is not None:
        problem = "needs a metric to compare trials by; write metric: {name: loss, goal: minimize}"
        raise InvalidSweep(problem, where="early_terminate")
