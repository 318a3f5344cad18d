"""Parameters inside parameters: where each stands, and what it is called where names are flat.

The rules:

- A parameter stands at a *path*, the names from the outermost in. Trials get their params nested as the paths say.
- Its flat name joins the path by dots: optimizer.lr. W&B allows dots in a name too, so where another path has
  the same flat name, the names inside are joined by slashes instead, which no name can hold: optimizer/lr.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import cast

from ..errors import InvalidSweep
from .faults import kind, nearest, within

Path = tuple[str, ...]


def flat_names(paths: Iterable[Path]) -> dict[str, Path]:
    """Return each path by its flat name, in the order given."""
    paths = tuple(paths)
    taken = Counter(".".join(path) for path in paths)
    return {("." if taken[".".join(path)] == 1 else "/").join(path): path for path in paths}


def nest(leaves: Iterable[tuple[Path, object]]) -> dict[str, object]:
    """Return a mapping in which each value stands at its path."""
    outermost: dict[str, object] = {}
    for path, value in leaves:
        place = outermost
        for name in path[:-1]:
            place = cast("dict[str, object]", place.setdefault(name, {}))
        place[path[-1]] = value
    return outermost


def pick(params: Mapping[str, object], known: Mapping[str, object]) -> Iterator[tuple[str, str, object]]:
    """Walk along params and what is known of them, nested alike, whose leaves are flat names.

    Yields:
        The place, the flat name and the value of each parameter that has one.

    Raises:
        InvalidSweep: at a name that is not known.
    """
    for name, value in params.items():
        inner = known.get(name)
        if inner is None:
            problem = f"there is no such parameter; {nearest(str(name), known)}"
            raise InvalidSweep(problem, where=str(name))
        if isinstance(inner, str):
            yield name, inner, value
            continue
        with within(name):
            if not isinstance(value, Mapping):
                problem = f"must be a mapping, not {kind(value)}; it has parameters inside"
                raise InvalidSweep(problem)
            inside = list(pick(value, cast("Mapping[str, object]", inner)))
        yield from ((f"{name}.{place}", flat, found) for place, flat, found in inside)
