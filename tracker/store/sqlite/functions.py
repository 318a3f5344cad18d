"""What is computed of rows and segments inside SQL, where reading them out first would cost more."""

from __future__ import annotations

import inspect
import sqlite3
from collections.abc import Callable, Mapping

from ...errors import StoreError
from ...filter import regexp
from .. import segments
from ..batch import param_hash
from ..curve_functions import FUNCTIONS
from ..summary import first


def first_of(what: str, data: bytes) -> float | int | None:
    """Return the 'value' or the 'timestamp' of a segment's first point; None for NaN, and of a damaged segment."""
    try:
        points = segments.decode(data)
    except StoreError:
        return None
    place = first(points)
    if what == "timestamp":
        return int(points.timestamps[place])
    value = float(points.values[place])
    return None if value != value else value  # noqa: PLR0124  # only NaN is not itself


# By the name that it has in SQL; the number of arguments is the function's own.
UPGRADING: Mapping[str, Callable[..., float | int | str | None]] = {"first_of": first_of, "param_hash": param_hash}
SEARCHING: Mapping[str, Callable[..., float | int | str | None]] = {"regexp": regexp, **FUNCTIONS}


def offer(connection: sqlite3.Connection, functions: Mapping[str, Callable[..., float | int | str | None]]) -> None:
    """Let SQL call functions by these names; each gives the same result for the same arguments."""
    for name, function in functions.items():
        connection.create_function(name, len(inspect.signature(function).parameters), function, deterministic=True)
