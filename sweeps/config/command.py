"""A sweep's command to the exact arguments of one trial's process; no shell takes part.

The rules, which are W&B's:

- A macro counts only where it is a whole item of the list; `${envvar:NAME}` counts anywhere in an item.
- A value is written as Python writes it: True, None, [1, 2].
- `${envvar:NAME}` of a variable that is not set is the name itself.
- A nested parameter is one argument, whose value is written as a Python dict.
- `${args_json_file}` is the path of a JSON file with all params.
- `${args_dict}` is the names of the params alone, one word each: W&B's own quirk.
- A macro that nobody knows is refused here, where W&B drops it in silence.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from ..errors import InvalidSweep
from ..space.faults import kind, nearest, within
from ..space.values import text
from .kinds import Kind

DEFAULT_COMMAND = ("${env}", "${interpreter}", "${program}", "${args}")

_MACRO = re.compile(r"\$\{\w+\}")
_INSIDE = re.compile(r"\$\{[\w:]*\}")
_VARIABLE = re.compile(r"\$\{envvar:([A-Z0-9_]*)\}")

Params = Mapping[str, object]
Remark = tuple[str, str]


@dataclass(frozen=True, slots=True)
class _Trial:
    program: str | None
    params: Params
    interpreter: str
    json_file: Callable[[], str] | None


def expand(
    command: Sequence[str] | None,
    *,
    program: str | None,
    params: Params,
    env: Mapping[str, str],
    interpreter: str,
    json_file: Callable[[], str] | None = None,
) -> list[str]:
    """Return the arguments of one trial's process; a command of None means W&B's default.

    `json_file` writes the params to a JSON file and returns its path; it is called once, and only where the
    command asks for the file with `${args_json_file}`.

    Raises:
        InvalidSweep: at a macro that cannot be expanded.
    """
    trial = _Trial(program, params, interpreter, None if json_file is None else cache(json_file))
    items = DEFAULT_COMMAND if command is None else command
    return [word for index, item in enumerate(items) for word in _placed(index, item, trial, env)]


def check(item: str) -> None:
    """Raise InvalidSweep where an item is a macro that cannot be expanded."""
    if not _MACRO.fullmatch(item) or item in _MACROS:
        return
    problem = f"unknown macro {item!r}; {nearest(item, _MACROS)}"
    raise InvalidSweep(problem)


def remarks(command: Sequence[str], env: Mapping[str, str]) -> Iterator[Remark]:
    """Yield what in a command is allowed and yet probably not meant: its place, and a line."""
    for index, item in enumerate(command):
        place = f"command[{index}]"
        for name in _VARIABLE.findall(item):
            if name not in env:
                yield place, f"the variable {name} is not set here: its name itself stands in its place, as in W&B"
        if item not in _MACROS and (found := _INSIDE.search(_VARIABLE.sub("", item))):
            yield place, f"{found[0]} is passed as it stands: a macro counts only as a whole word of the list"
    if not any(item.startswith("${args") for item in command):
        yield "command", "the params are no arguments of it: add ${args}, or read them in the program"


def _placed(index: int, item: str, trial: _Trial, env: Mapping[str, str]) -> Iterable[str]:
    if "$" not in item:
        return (item,)
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


def _json_file(trial: _Trial) -> list[str]:
    if trial.json_file is None:
        problem = "${args_json_file} needs a place for the file, and there is none here; write ${args_json}"
        raise InvalidSweep(problem)
    return [trial.json_file()]


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
    "${args_json_file}": _json_file,
    "${args_dict}": lambda trial: list(trial.params),
    "${args_append_hydra}": _each("+{}={}"),
    "${args_override_hydra}": _each("++{}={}"),
}


def _command(value: object) -> tuple[str, ...]:
    if isinstance(value, str) or not isinstance(value, Sequence):
        problem = f'must be a list, not {kind(value)}; write such as ["${{interpreter}}", "${{program}}", "${{args}}"]'
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


_WORD = {
    "type": ["string", "number", "boolean"],
    "if": {"type": "string", "pattern": r"^\$\{\w+\}(?![\s\S])"},
    "then": {"enum": list(_MACROS)},
}
COMMAND: Kind[tuple[str, ...]] = Kind(_command, {"type": "array", "minItems": 1, "items": _WORD})
