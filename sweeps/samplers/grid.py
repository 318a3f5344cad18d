"""Grid search: every point once, in W&B's order."""

from __future__ import annotations

import json
from collections.abc import Mapping

from ..space import Space
from .given import completed
from .interface import Params, Proposal, Told


class GridSampler:
    """The grid's points one after the other, without those that were given."""

    quick = True

    def __init__(self, space: Space) -> None:
        self._space = space
        self._points = space.grid_points()
        self._next = 0
        self._given: set[str] = set()

    def ask(self, number: int) -> Proposal | None:  # noqa: ARG002  # the next point depends on those before it
        """Return the next point that nobody has visited; None beyond the last."""
        while self._next < len(self._points):
            index, point = self._next, self._points[self._next]
            self._next += 1
            if not (self._given and self._mark(point) in self._given):
                return Proposal(point, {"point": index})
        return None

    def take(self, number: int, params: Params) -> Proposal:  # noqa: ARG002  # a visit is a visit
        """Return the params that were given; the grid does not visit that point again."""
        full = completed(self._space, params)
        mark = self._mark(full)
        self._given.add(mark)
        return Proposal(full, {"given": mark})

    def tell(self, number: int, told: Told) -> None:
        """Learn nothing: a grid is fixed."""

    def restore(self, number: int, proposal: Proposal, told: Told | None) -> None:  # noqa: ARG002  # as above
        """Go on after the point of a trial, or without the point that it was given."""
        index = proposal.memo.get("point")
        if isinstance(index, int):
            self._next = max(self._next, index + 1)
        else:
            self._given.add(str(proposal.memo.get("given") or self._mark(proposal.params)))

    def learn(self, params: Params, told: Told) -> None:  # noqa: ARG002  # a grid is fixed
        """Learn nothing from params that are in the space: this sweep visits every point itself."""
        completed(self._space, params)

    def _mark(self, params: Params) -> str:
        """Return text by which two points are the same: 1 and 1.0 are, unless both are among the choices.

        Coordinates tell choices apart, and values tell apart what lies on a grid that does not start at a multiple.
        """
        return json.dumps([self._space.encode(params), _whole(params)], sort_keys=True)


def _whole(value: object) -> object:
    """Return a value with each float that is a whole number as an int."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, Mapping):
        return {name: _whole(inner) for name, inner in value.items()}
    return [_whole(inner) for inner in value] if isinstance(value, list | tuple) else value
