"""The search space: what each parameter of a sweep may be."""

from __future__ import annotations

import hashlib
import json
import random
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import prod

from ..errors import InvalidSweep
from .axes import Axis, FloatAxis
from .differences import differences
from .faults import join, kind, within
from .grid import GridPoints
from .interface import Distribution
from .nesting import Path, flat_names, nest, pick
from .reading import place_of, read
from .remarks import Remark, remarks


@dataclass(frozen=True, slots=True, eq=False)
class Space(Mapping[str, Distribution]):
    """An ordered, immutable mapping from each parameter's flat name to its distribution.

    `paths` says where those stand that are nested: `{"optimizer.lr": ("optimizer", "lr")}`. A parameter that is not
    in it stands at its own name, dots and all. Points are nested as the paths say; axes, shares and coordinates have
    flat names. `axes` has the axis of each parameter that varies, in alphabetical order at each level of nesting.
    """

    distributions: Mapping[str, Distribution]
    paths: Mapping[str, Path] = field(default_factory=dict)
    remarks: tuple[Remark, ...] = ()
    axes: Mapping[str, Axis] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        axes = ((name, self[name].axis) for name in self._sorted())
        object.__setattr__(self, "axes", {name: axis for name, axis in axes if axis is not None})

    @classmethod
    def from_parameters(cls, parameters: Mapping[str, object]) -> Space:
        """Read W&B's `parameters` mapping.

        Raises:
            InvalidSweep: with the place of the first fault, such as `parameters.lr.min`.
        """
        leaves = read(parameters)
        names = flat_names(leaf.path for leaf in leaves)
        return cls(
            dict(zip(names, (leaf.distribution for leaf in leaves), strict=True)),
            {name: path for name, path in names.items() if len(path) > 1},
            tuple(remark for leaf in leaves for remark in remarks(leaf)),
        )

    def __getitem__(self, name: str) -> Distribution:
        return self.distributions[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.distributions)

    def __len__(self) -> int:
        return len(self.distributions)

    def __eq__(self, other: object) -> bool:
        paths = other.paths if isinstance(other, Space) else self.paths
        return Mapping.__eq__(self, other) and dict(self.paths) == dict(paths)

    __hash__ = None  # type: ignore[assignment]  # as of every mapping

    def path(self, name: str) -> Path:
        """Return where the parameter of a flat name stands: the names from the outermost in."""
        return self.paths.get(name, (name,))

    @property
    def searched(self) -> tuple[str, ...]:
        """The flat names of the parameters that vary, in alphabetical order at each level of nesting."""
        return tuple(self.axes)

    def size(self) -> int | None:
        """Count the points that grid search would visit; None where it cannot."""
        if any(isinstance(axis, FloatAxis) for axis in self.axes.values()):
            return None
        return prod(len(distribution.grid()) for distribution in self.values())

    def grid_points(self) -> Sequence[dict[str, object]]:
        """Return every point in W&B's order, each computed when it is asked for.

        Raises:
            InvalidSweep: where a parameter has no end of values, or the points are more than can be counted.
        """
        points = GridPoints({self.path(name): self._column(name) for name in self._sorted()})
        size = self.size()
        if size is not None and size > sys.maxsize:
            problem = f"grid search would visit {size} points; use method random or bayes"
            raise InvalidSweep(problem, where="parameters")
        return points

    def sample(self, generator: random.Random) -> dict[str, object]:
        """Draw one point: one random number per searched parameter, in the order of `searched`."""
        return self.at({name: generator.random() for name in self.axes})

    def at(self, shares: Mapping[str, float]) -> dict[str, object]:
        """Return the point at a quantile of every searched parameter."""
        points = self.distributions.items()
        return nest((self.path(name), each.quantile(shares.get(name, 0.0))) for name, each in points)

    def decode(self, coordinates: Mapping[str, float]) -> dict[str, object]:
        """Return the point at a coordinate on every axis."""
        return nest((self.path(name), each.decode(coordinates.get(name, 0))) for name, each in self.items())

    def encode(self, params: Mapping[str, object]) -> dict[str, float]:
        """Return the coordinates of a point on every axis.

        Raises:
            InvalidSweep: it is not in the space: a value is missing or cannot be drawn, or a name is not known.
                Only constants may be missing.
        """
        with within("parameters"):
            given = self._given(params)
        coordinates = {name: self._coordinate(name, *found) for name, found in given.items()}
        missing = next((name for name in self.axes if name not in given), None)
        if missing is not None:
            raise InvalidSweep("has no value", where=join("parameters", ".".join(self.path(missing))))
        return {name: coordinates[name] for name in self.axes}

    def contains(self, params: Mapping[str, object]) -> bool:
        """Say whether a point is in the space: whether `encode` takes it."""
        try:
            self.encode(params)
        except InvalidSweep:
            return False
        return True

    def digest(self) -> str:
        """Return a short hash: the same for two spaces that draw the same, in whatever order they were written."""
        text = json.dumps(self.to_parameters(), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def differences(self, later: Space) -> tuple[str, ...]:
        """Say in lines what has changed in a later space; there is none exactly where the digests are the same."""
        return tuple(differences(self._written(), later._written()))

    def warnings(self) -> tuple[Remark, ...]:
        """Return what is allowed and yet probably not meant: the place of each, such as `parameters.lr`, and a line.

        They are about the text that the space was read from, so that `to_parameters` leads to fewer of them.
        """
        return self.remarks

    def to_parameters(self) -> dict[str, object]:
        """Return W&B's `parameters` mapping, of JSON values only."""
        return nest((self._place(name)[1:], each.to_parameter()) for name, each in self.items())

    def _sorted(self) -> list[str]:
        return sorted(self, key=self.path)

    def _place(self, name: str) -> Path:
        """Return the keys of a sweep file that lead to a parameter."""
        return tuple(key for part in self.path(name) for key in ("parameters", part))

    def _written(self) -> dict[Path, Mapping[str, object]]:
        return {self.path(name): each.to_parameter() for name, each in self.items()}

    def _column(self, name: str) -> Sequence[object]:
        with within(place_of(self.path(name))):
            return self[name].grid()

    def _given(self, params: object) -> dict[str, tuple[str, object]]:
        """Return the place and the value of each parameter that has one, by its flat name."""
        if not isinstance(params, Mapping):
            problem = f"must be a mapping from names to values, not {kind(params)}"
            raise InvalidSweep(problem)
        known = nest((self.path(name), name) for name in self)
        return {name: (place, value) for place, name, value in pick(params, known)}

    def _coordinate(self, name: str, place: str, value: object) -> float:
        with within(f"parameters.{place}"):
            return self[name].encode(value)
