"""A sweep file's mapping, checked key by key.

W&B's own keys are read as W&B reads them; those that have no meaning on one machine are accepted and left
alone, and those with a meaning that cannot be had are refused by name, with what to write instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from ..errors import InvalidSweep
from ..space import Space
from ..space.faults import kind, unknown_key
from . import keys
from .command import COMMAND
from .early_terminate import EARLY_TERMINATE
from .execution import EXECUTION
from .interface import LineFinder, Lines
from .keys import Key
from .kinds import TEXT, Data, Kind, choice, whole
from .left_alone import LEFT_ALONE
from .metric import METRIC
from .parameters_schema import PARAMETERS_SCHEMA
from .sweep_config import METHODS, Method, SweepConfig
from .together import check_together


def _method(value: object) -> Method:
    if value == "custom":
        problem = "custom leaves the search to W&B's service; write bayes, with its sampler under execution.sampler"
        raise InvalidSweep(problem)
    return _METHOD.read(TEXT.read(value))


_METHOD = choice("method", METHODS)
_READ: tuple[Key[Any], ...] = (
    Key("name", TEXT, "What the sweep is called (default: the file's name)."),
    Key("description", TEXT, "What the sweep is about, for its readers."),
    Key("project", TEXT, "The experiment that the sweep's runs belong to (default: its name)."),
    Key("program", TEXT, "What a trial runs: train.py, train.py:function or module:function."),
    Key("command", COMMAND, "The words of a trial's command line; macros such as ${args} stand for its params."),
    Key(
        "method",
        Kind(_method, _METHOD.schema),
        "How the params of a trial are chosen.",
        f"needs a method; write method: and one of {', '.join(METHODS)}",
    ),
    Key("metric", METRIC, "What the sweep is for; bayes and stopping early need it."),
    Key("run_cap", whole(1), "How many trials there are at most (default: no end but the grid's)."),
    Key("early_terminate", EARLY_TERMINATE, "W&B's rule for stopping early those trials that do badly."),
    Key("execution", EXECUTION, "How the sweep runs. All other keys are W&B's."),
)
PARAMETERS = Key(
    "parameters",
    Kind(lambda value: Space.from_parameters(cast("Data", value)), PARAMETERS_SCHEMA),
    "What each parameter may be.",
    "needs parameters; write at least one, such as parameters: {lr: {min: 0.001, max: 0.1}}",
)
_REFUSED = {
    "metrics": "name one metric under metric",
    "scheduler": "remove it and write method: bayes; its algorithm goes under execution.sampler",
}
KEYS = (*_READ, PARAMETERS, *LEFT_ALONE)


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
    keys.refuse(data, _REFUSED)
    if found := unknown_key(data, [key.name for key in KEYS]):
        key, problem = found
        raise InvalidSweep(problem, line=find(key))
    return data


def _config(data: Data) -> SweepConfig:
    said = keys.said(_READ, data)
    config = SweepConfig(space=_space(data), **said)
    check_together(config)
    return config


def _space(data: Data) -> Space:
    if PARAMETERS.name not in data:
        raise InvalidSweep(PARAMETERS.needed)
    # A space places its own faults.
    return PARAMETERS.kind.read(data[PARAMETERS.name])
