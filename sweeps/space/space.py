"""The search space: what each parameter of a sweep may be."""

from __future__ import annotations

import hashlib
import json
import random
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import prod

from ..errors import InvalidSweep
from .axes import Axis, FloatAxis
from .faults import kind, shown, within
from .grid import GridPoints
from .interface import Distribution
from .parameter import parse

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_EXAMPLE = "lr: {min: 0.001, max: 0.1}"


@dataclass(frozen=True, slots=True, eq=False)
class Space(Mapping[str, Distribution]):
    """An ordered, immutable mapping from each parameter's name to its distribution."""

    distributions: Mapping[str, Distribution]

    @classmethod
    def from_parameters(cls, parameters: Mapping[str, object]) -> Space:
        """Read W&B's `parameters` mapping.

        Raises:
            InvalidSweep: with the place of the first fault, such as `parameters.lr.min`.
        """
        with within("parameters"):
            return cls({_name(name): _parsed(name, spec) for name, spec in _entries(parameters).items()})

    def __getitem__(self, name: str) -> Distribution:
        return self.distributions[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.distributions)

    def __len__(self) -> int:
        return len(self.distributions)

    @property
    def searched(self) -> tuple[str, ...]:
        """The names of the parameters that vary, in alphabetical order."""
        return tuple(self.axes)

    @property
    def axes(self) -> dict[str, Axis]:
        """The axis of each parameter that varies, in alphabetical order of the names."""
        axes = ((name, self[name].axis) for name in sorted(self))
        return {name: axis for name, axis in axes if axis is not None}

    def size(self) -> int | None:
        """Count the points that grid search would visit; None where there is no end of them."""
        if any(isinstance(axis, FloatAxis) for axis in self.axes.values()):
            return None
        return prod(len(distribution.grid()) for distribution in self.values())

    def grid_points(self) -> Sequence[dict[str, object]]:
        """Return every point in W&B's order, each computed when it is asked for.

        Raises:
            InvalidSweep: where a parameter has no end of values, or the points are more than can be counted.
        """
        points = GridPoints({name: self._column(name) for name in sorted(self)})
        size = self.size()
        if size is not None and size > sys.maxsize:
            problem = f"grid search would visit {size} points; use method random or bayes"
            raise InvalidSweep(problem, where="parameters")
        return points

    def sample(self, generator: random.Random) -> dict[str, object]:
        """Draw one point: one random number per searched parameter, in alphabetical order of the names."""
        return self.at({name: generator.random() for name in self.searched})

    def at(self, shares: Mapping[str, float]) -> dict[str, object]:
        """Return the point at a quantile of every searched parameter."""
        return {name: distribution.quantile(shares.get(name, 0.0)) for name, distribution in self.items()}

    def decode(self, coordinates: Mapping[str, float]) -> dict[str, object]:
        """Return the point at a coordinate on every axis."""
        return {name: distribution.decode(coordinates.get(name, 0)) for name, distribution in self.items()}

    def encode(self, params: Mapping[str, object]) -> dict[str, float]:
        """Return the coordinates of a point on every axis; raises InvalidSweep for one that is not in the space."""
        return {name: self._coordinate(name, params) for name in self.searched}

    def digest(self) -> str:
        """Return a short hash: the same for two spaces that draw the same, in whatever order they were written."""
        text = json.dumps(self.to_parameters(), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def to_parameters(self) -> dict[str, dict[str, object]]:
        """Return W&B's `parameters` mapping, of JSON values only."""
        return {name: distribution.to_parameter() for name, distribution in self.items()}

    def _column(self, name: str) -> Sequence[object]:
        with within(f"parameters.{name}"):
            return self[name].grid()

    def _coordinate(self, name: str, params: Mapping[str, object]) -> float:
        with within(f"parameters.{name}"):
            if name not in params:
                problem = "has no value"
                raise InvalidSweep(problem)
            return self[name].encode(params[name])


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


def _parsed(name: str, spec: object) -> Distribution:
    with within(name):
        return parse(spec)
