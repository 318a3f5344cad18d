"""A sweep's command to the exact arguments of one trial's process; no shell takes part.

The rules, which are W&B's:

- A macro counts only where it is a whole item of the list; `${envvar:NAME}` counts anywhere in an item.
- A value is written as Python writes it: True, None, [1, 2].
- `${envvar:NAME}` of a variable that is not set is the name itself.
- A macro that nobody knows is refused here, where W&B drops it in silence.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from ..errors import InvalidSweep
from ..space.faults import nearest, within

DEFAULT_COMMAND = ("${env}", "${interpreter}", "${program}", "${args}")

_MACRO = re.compile(r"\$\{\w+\}")
_VARIABLE = re.compile(r"\$\{envvar:([A-Z0-9_]*)\}")

Params = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class _Trial:
    program: str | None
    params: Params
    interpreter: str


def expand(
    command: Sequence[str] | None,
    *,
    program: str | None,
    params: Params,
    env: Mapping[str, str],
    interpreter: str,
) -> list[str]:
    """Return the arguments of one trial's process; a command of None means W&B's default.

    Raises:
        InvalidSweep: at a macro that cannot be expanded.
    """
    trial = _Trial(program, params, interpreter)
    items = DEFAULT_COMMAND if command is None else command
    return [word for index, item in enumerate(items) for word in _placed(index, item, trial, env)]


def check(item: str) -> None:
    """Raise InvalidSweep where an item is a macro that cannot be expanded."""
    if not _MACRO.fullmatch(item) or item in _MACROS:
        return
    if item in _NOT_YET:
        problem = f"{item} is not supported yet; use ${{args_json}}"
    else:
        problem = f"unknown macro {item!r}; {nearest(item, _MACROS)}"
    raise InvalidSweep(problem)


def _placed(index: int, item: str, trial: _Trial, env: Mapping[str, str]) -> Iterable[str]:
    with within(f"command[{index}]"):
        check(item)
        if item in _MACROS:
            return _MACROS[item](trial)
        return [_VARIABLE.sub(lambda found: env.get(found[1], found[1]), item)]


def _program(trial: _Trial) -> list[str]:
    if trial.program is None:
        problem = "${program} needs a program; write program: train.py"
        raise InvalidSweep(problem)
    return [trial.program]


def _each(form: str) -> Callable[[_Trial], list[str]]:
    return lambda trial: [form.format(name, value) for name, value in trial.params.items()]


def _no_equals(trial: _Trial) -> list[str]:
    return [word for name, value in trial.params.items() for word in (f"--{name}", str(value))]


def _no_boolean_flags(trial: _Trial) -> list[str]:
    return [
        f"--{name}" if value is True else f"--{name}={value}"
        for name, value in trial.params.items()
        if value is not False
    ]


_MACROS: Mapping[str, Callable[[_Trial], list[str]]] = {
    "${env}": lambda _: ["/usr/bin/env"],
    "${interpreter}": lambda trial: [trial.interpreter],
    "${program}": _program,
    "${args}": _each("--{}={}"),
    "${args_no_hyphens}": _each("{}={}"),
    "${args_no_equals}": _no_equals,
    "${args_no_boolean_flags}": _no_boolean_flags,
    "${args_json}": lambda trial: [json.dumps(dict(trial.params))],
    "${args_append_hydra}": _each("+{}={}"),
    "${args_override_hydra}": _each("++{}={}"),
}
_NOT_YET = ("${args_json_file}", "${args_dict}")
