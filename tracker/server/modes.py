"""Which routes are served: all, all but the proxy of files, or that proxy alone."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import replace
from enum import StrEnum
from typing import NoReturn

from .concerns import what_may_be_read
from .problems import Problem
from .routes import Route

_PROXY = "/api/2.0/mlflow-artifacts/"
# They are about the server, and there in every mode.
_ALWAYS = {"/health", "/version", "/api/3.0/mlflow/server-info", "/openapi.json", "/metrics"}


class Mode(StrEnum):
    """What is served."""

    ALL = "all"
    NO_ARTIFACTS = "no-serve-artifacts"
    ARTIFACTS_ONLY = "artifacts-only"


def in_mode(routes: Iterable[Route], mode: Mode) -> list[Route]:
    """Return the routes, with those that a mode leaves out closed."""
    return [route if _is_open(route, mode) else _closed(route, mode) for route in routes]


def _is_open(route: Route, mode: Mode) -> bool:
    if mode == Mode.ALL or route.path in _ALWAYS:
        return True
    return f"{route.path}/".startswith(_PROXY) == (mode == Mode.ARTIFACTS_ONLY)


def _closed(route: Route, mode: Mode) -> Route:
    async def closed(*_: object, **__: object) -> NoReturn:
        # The status that MLflow's server answers then.
        raise Problem("TEMPORARILY_UNAVAILABLE", f"the server runs with --{mode}, and does not serve {route.path}")

    # It is described as before: what it says is known, if not to whom.
    handler, concerns = functools.update_wrapper(closed, route.handler), route.concerns and what_may_be_read
    return replace(route, handler=handler, files=True, reads=None, concerns=concerns)
