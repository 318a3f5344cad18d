"""Params that were given, not proposed: by `start_with`, or by an earlier sweep."""

from __future__ import annotations

from collections.abc import Mapping

from ..errors import InvalidSweep
from ..space import Space
from ..space.faults import nearest, shown, within
from ..space.values import plain, token
from .interface import Params


def completed(space: Space, params: Params) -> Params:
    """Return given params together with the constants of the space.

    Raises:
        InvalidSweep: one is missing, unknown or outside the space.
    """
    point = space.decode(space.encode(params))
    varying = set(space.searched)
    for name, value in params.items():
        with within(f"parameters.{name}"):
            if name not in point:
                raise InvalidSweep(f"there is no such parameter; {nearest(name, point)}")
            if name in space and name not in varying and token(plain(value)) != token(point[name]):
                raise InvalidSweep(f"{shown(value)} is not the constant {shown(point[name])}")
    return _over(point, params)


def _over(point: Mapping[str, object], params: Params) -> dict[str, object]:
    """Return a point with the values that were given in their places: a way to a coordinate and back may round."""
    return {name: _value(value, params[name]) if name in params else value for name, value in point.items()}


def _value(value: object, given: object) -> object:
    return _over(value, given) if isinstance(value, Mapping) and isinstance(given, Mapping) else given
