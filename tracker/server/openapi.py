"""What the server answers, as OpenAPI 3.1 has it, made from its routes: their shapes, and their handlers' docstrings.

A handler says what it answers by its return annotation: `Annotated[Json, shape]`, `Annotated[Reply, TEXT]`, or a
`Response`, which is a file.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any, get_args, get_type_hints

import orjson

from .fields import UNSET, Answer, Shape, Unset, schemas_of
from .http import Response
from .problems import BAD_VALUE, STATUS
from .replies import JSON, TEXT, Reply
from .routes import PARAMETER, Permission, Route
from .service import Service

Json = dict[str, Any]
PATH = "/openapi.json"
_PLACE = "#/components/schemas/"
_API = re.compile(r"^/(ajax-)?api/\d\.0/(mlflow/)?")
_NO_WORD = re.compile(r"\W+")
_BODY = {"POST", "PUT", "PATCH", "DELETE"}
_BINARY = {"schema": {"type": "string", "format": "binary"}}
_BYTES = {"application/octet-stream": _BINARY}
# Text, images and bytes, by the file's name.
_FILE = {"*/*": _BINARY}
_TITLE = "tracker: MLflow's REST protocol over one store"
_ABOUT = (
    "Every path below `/api/` is answered below `/ajax-api/` too. Names of fields may be written in snake_case or "
    "camelCase, and integers as texts; what is not known is passed over, and null is as good as nothing."
)
_SCHEMES = {"basic": {"type": "http", "scheme": "basic"}, "bearer": {"type": "http", "scheme": "bearer"}}


class Refusal(Answer):
    """What a client of ours raises: the class of an error, its message and its facts."""

    name: str
    message: str
    facts: Json


class Problem(Answer):
    """What went wrong; the message says what to do about it. Only paths of ours tell the error."""

    error_code: str
    message: str
    error: Refusal | Unset = UNSET


def describing(routes: Sequence[Route], root: str = "") -> Route:
    """Return the route of the description of these, and of itself; `root` is where a proxy puts the server."""

    async def describe(service: Service, asked: Shape) -> Reply:
        """Describe all routes, as OpenAPI has it."""
        del service, asked
        return Reply(body=_body())

    @cache
    def _body() -> bytes:
        return orjson.dumps(document([*routes, mine], root))

    mine = Route("GET", PATH, describe, Shape, Permission.SIGNED_IN)
    return mine


def document(routes: Iterable[Route], root: str = "") -> Json:
    """Return the description of routes: pure."""
    routes = list(routes)
    shapes = _shapes_of(routes)
    told, within = schemas_of(shapes, _PLACE)
    schemas: dict[object, Json] = dict(zip(shapes, told, strict=True))
    within["Problem"]["properties"]["error_code"]["enum"] = sorted({BAD_VALUE, "BAD_REQUEST", *_OTHERS, *STATUS})
    paths: dict[str, Json] = {}
    for route in routes:
        path = PARAMETER.sub(r"{\1}", route.path)
        paths.setdefault(path, {})[route.method.lower()] = _operation(route, schemas, within)
    referred = orjson.dumps([paths, within, _PROBLEM]).decode()
    # A query's shape has become parameters.
    named = {name: schema for name, schema in within.items() if f'{_PLACE}{name}"' in referred}
    return {
        "openapi": "3.1.0",
        "info": {"title": _TITLE, "version": "2.0", "description": _ABOUT},
        "servers": [{"url": root or "/"}],
        "security": [{}, *({name: []} for name in _SCHEMES)],
        "paths": paths,
        "components": {"schemas": named, "securitySchemes": _SCHEMES, "responses": {"Problem": _PROBLEM}},
    }


_OTHERS = ("RESOURCE_ALREADY_EXISTS", "RESOURCE_CONFLICT")
_PROBLEM = {
    "description": "It was not done; `error_code` and `message` say why.",
    "content": {"application/json": {"schema": {"$ref": f"{_PLACE}Problem"}}},
}


def _operation(route: Route, schemas: Mapping[object, Json], within: Mapping[str, Json]) -> Json:
    summary, _, more = inspect.cleandoc(route.handler.__doc__ or "").partition("\n\n")
    told = {
        "operationId": _name(route),
        "summary": summary,
        "tags": [_API.sub("", route.path).strip("/").partition("/")[0]],
        "x-permission": str(route.permission),
        "parameters": _parameters(route, schemas, within),
        "responses": _responses(route, schemas),
    }
    if more and not more.startswith("Raises:"):
        told["description"] = more.partition("\n\nRaises:")[0]
    if route.method in _BODY and not (route.files and route.method == "DELETE"):
        content = _BYTES if route.files else {"application/json": {"schema": schemas[route.shape]}}
        told["requestBody"] = {"required": not route.files, "content": content}
    return told


def _name(route: Route) -> str:
    path = PARAMETER.sub(r"\1", _API.sub("", route.path))
    # A page's route may have the same words as one of the protocol's.
    room = ["page"] if path == route.path and path.count("/") > 1 else []
    return "_".join([route.method.lower(), *room, *(word for word in _NO_WORD.split(path) if word)])


def _parameters(route: Route, schemas: Mapping[object, Json], within: Mapping[str, Json]) -> list[Json]:
    said = [name for name, _ in PARAMETER.findall(route.path)]
    found: list[Json] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}} for name in said
    ]
    if route.method == "GET" or route.files:
        name = schemas[route.shape]["$ref"].removeprefix(_PLACE)
        fields: Mapping[str, Json] = within[name]["properties"]
        found += [{"name": key, "in": "query", "schema": how} for key, how in fields.items() if key not in said]
    return found


def _responses(route: Route, schemas: Mapping[object, Json]) -> Json:
    problem = {"$ref": "#/components/responses/Problem"}
    answer = _answer(route)
    if answer is Response:
        good: Json = {"200": {"description": "The file.", "content": _FILE}}
        good["206"] = {"description": "The part of it that was asked for.", "content": {"*/*": {}}}
    elif answer == TEXT:
        good = {"200": {"description": "A line of text.", "content": {"text/plain": {"schema": {"type": "string"}}}}}
    else:
        schema = schemas.get(answer, {"type": "object"})
        good = {"200": {"description": "It is done.", "content": {JSON.decode(): {"schema": schema}}}}
    return {**good, "4XX": problem, "5XX": problem}


def _answer(route: Route) -> object:
    """Return what a handler answers: a shape, TEXT or Response; None if it does not say."""
    told = get_type_hints(route.handler, include_extras=True).get("return")
    if told is Response:
        return told
    return get_args(told)[1] if hasattr(told, "__metadata__") else None


def _shapes_of(routes: Iterable[Route]) -> list[type[Shape]]:
    said = [kind for route in routes for kind in (route.shape, _answer(route))]
    return list(dict.fromkeys(kind for kind in [Problem, *said] if isinstance(kind, type) and issubclass(kind, Shape)))
