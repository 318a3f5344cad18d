"""Routes: what is answered by whom, and what a user must be allowed for it."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from ..errors import TrackerError
from .concerns import Concerns
from .fields import Shape
from .http import Request
from .problems import Problem, problem_of
from .replies import Reply, problem_reply

# Every route of MLflow's protocol is there for its clients and, by the other name, for its pages.
_PREFIXES = {"/api/": ("/api/", "/ajax-api/")}
PARAMETER = re.compile(r"\{(\w+)(:path)?\}")


class Permission(StrEnum):
    """What a user needs for a route; one without a permission cannot be declared."""

    ANYONE = "anyone"
    SIGNED_IN = "signed in"
    READ = "read"
    EDIT = "edit"
    MANAGE = "manage"
    CREATE = "create"
    ADMIN = "admin"


def refusal(error: TrackerError) -> Reply:
    """Return a refusal as MLflow's clients know it."""
    return problem_reply(problem_of(error))


@dataclass(frozen=True, slots=True)
class Route:
    """One route: its handler is given the service and what the request says, as its shape.

    In `path`, `{name}` stands for a segment and `{name:path}` for any number of them; what stands there is a field of
    the shape. A handler of `files` is given the request itself, whose body it reads, or it answers with a file; where
    there is `reads` it is given what that makes of the request. `tells` makes an answer of an error.

    `concerns` says for which things a user needs the permission, given what the handler is given; of `files` that is
    the request, whose `path_params` hold what its path says, or what `reads` makes of it. If it is left out, and the
    permission is one that is for things, only admins are let through.
    """

    method: str
    path: str
    handler: Callable[..., Awaitable[Any]]
    shape: type[Shape]
    permission: Permission
    files: bool = False
    concerns: Concerns | None = None
    reads: Callable[[Request], Awaitable[Any]] | None = None
    tells: Callable[[TrackerError], Reply] = refusal


class Router:
    """Finds routes by a request's method and path."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self.routes = tuple(routes)
        self._fixed: dict[str, dict[str, Route]] = {}
        self._open: list[tuple[re.Pattern[str], dict[str, Route]]] = []
        patterns: dict[str, dict[str, Route]] = {}
        for route in self.routes:
            for path in _paths(route.path):
                table = patterns if PARAMETER.search(path) else self._fixed
                table.setdefault(path, {})[route.method] = route
        # What says more comes first.
        for path in sorted(patterns, key=lambda each: (":path" in each, -len(each))):
            self._open.append((_pattern(path), patterns[path]))

    def find(self, method: str, path: str) -> tuple[Route, Mapping[str, str]]:
        """Return the route of a request, and what its path says.

        Raises:
            Problem: there is none, or not for this method.
        """
        methods, said = self._methods(path)
        if not methods and path.startswith("//"):
            # An address that ends with a slash, before a path that begins with one.
            methods, said = self._methods(f"/{path.lstrip('/')}")
        route = methods.get(method) or (methods.get("GET") if method == "HEAD" else None)
        if route is not None:
            return route, said
        if methods:
            raise Problem("METHOD_NOT_ALLOWED", f"this path takes {', '.join(sorted(methods))}")
        raise Problem("ENDPOINT_NOT_FOUND", "there is nothing at this path")

    def _methods(self, path: str) -> tuple[Mapping[str, Route], Mapping[str, str]]:
        fixed = self._fixed.get(path)
        if fixed is not None:
            return fixed, {}
        for pattern, methods in self._open:
            found = pattern.fullmatch(path)
            if found:
                return methods, found.groupdict()
        return {}, {}


def _paths(path: str) -> Iterable[str]:
    for prefix, twins in _PREFIXES.items():
        if path.startswith(prefix):
            return [twin + path.removeprefix(prefix) for twin in twins]
    return [path]


def _pattern(path: str) -> re.Pattern[str]:
    parts = PARAMETER.split(path)
    text = "".join(
        re.escape(literal) + (f"(?P<{name}>{'.*' if many else '[^/]+'})" if name else "")
        for literal, name, many in zip(parts[::3], [*parts[1::3], ""], [*parts[2::3], ""], strict=True)
    )
    return re.compile(text, re.DOTALL)
