"""W&B's `parameters` mapping to its parameters, one by one, whatever they are nested in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ..errors import InvalidSweep
from .faults import kind, shown, within
from .interface import Distribution
from .nesting import Path
from .parameter import parse

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_EXAMPLE = "lr: {min: 0.001, max: 0.1}"
# A file that holds itself, by an alias, has no end.
_DEEPEST = 32


@dataclass(frozen=True, slots=True)
class Leaf:
    """A parameter: its path, its distribution, and what was written of it."""

    path: Path
    distribution: Distribution
    written: Mapping[str, object]

    @property
    def place(self) -> str:
        """Where it stands in the sweep."""
        return place_of(self.path)


def place_of(path: Path) -> str:
    """Return where a parameter stands in the sweep, such as `parameters.optimizer.parameters.lr`."""
    return "".join(f".parameters.{name}" for name in path).removeprefix(".")


def read(parameters: object) -> list[Leaf]:
    """Read a `parameters` mapping, in its order.

    Raises:
        InvalidSweep: with the place of the first fault, such as `parameters.lr.min`.
    """
    with within("parameters"):
        return list(_leaves(parameters, ()))


def _leaves(parameters: object, outer: Path) -> Iterator[Leaf]:
    if len(outer) > _DEEPEST:
        problem = f"is nested more than {_DEEPEST} deep; write flatter parameters"
        raise InvalidSweep(problem)
    for name, spec in _entries(parameters).items():
        yield from _of_name((*outer, _name(name)), spec)


def _of_name(path: Path, spec: object) -> list[Leaf]:
    with within(path[-1]):
        if not isinstance(spec, Mapping) or "parameters" not in spec:
            distribution = parse(spec)
            return [Leaf(path, distribution, spec if isinstance(spec, Mapping) else {})]
        beside = next((key for key in spec if key != "parameters"), None)
        if beside is not None:
            problem = f"{shown(beside)} and 'parameters' cannot stand together; keep one"
            raise InvalidSweep(problem, where=str(beside))
        with within("parameters"):
            return list(_leaves(spec["parameters"], path))


def _entries(parameters: object) -> Mapping[str, object]:
    if not isinstance(parameters, Mapping):
        problem = f"must be a mapping such as {{{_EXAMPLE}}}, not {kind(parameters)}"
        raise InvalidSweep(problem)
    if not parameters:
        problem = f"names no parameter; write at least one, such as {_EXAMPLE}"
        raise InvalidSweep(problem)
    return parameters


def _name(name: object) -> str:
    if isinstance(name, str) and _NAME.fullmatch(name):
        return str(name)
    if not isinstance(name, str):
        problem = f"the name {shown(name)} is not text; put it in quotes"
        raise InvalidSweep(problem)
    problem = f"the name {shown(name)} must begin with a letter or _ and hold only letters, digits and _ . -"
    raise InvalidSweep(problem, where=name)
