"""What the routes share: requests are read strictly, and refusals are told with their facts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

import anyio
import orjson

from ...errors import InvalidInput, TrackerError
from ...journal.plain import plain, read
from ...store.rest.address import PREFIX
from ...store.rest.failures import TOLD, told
from ..fields import Shape
from ..http import Request, Response
from ..problems import Problem, problem_of
from ..replies import Reply, json_reply
from ..routes import Permission, Route
from ..service import Service

# Words are short; a list of many IDs is the longest.
MOST_WORDS = 4 * 1024 * 1024
BODY_SECONDS = 60.0
_JSON = "application/json"
# A journal speaks of many things at once, and a ranking looks at all: where users sign in, these routes are for admins.
_PERMISSION = Permission.ADMIN

Asked = TypeVar("Asked")
Handler = Callable[..., Awaitable[Reply | Response]]


def route(
    path: str,
    words: type[Asked],
    answer: Callable[[Service, Asked], Awaitable[object]],
) -> Route:
    """Return a route that is asked by words, a frozen dataclass, and answers with facts, or with a whole reply."""

    async def handler(service: Service, request: Request) -> Reply | Response:
        found = await answer(service, read(words, _json(await body_of(request, _JSON, MOST_WORDS))))
        return found if isinstance(found, Reply | Response) else json_reply(plain(found))

    handler.__doc__ = answer.__doc__
    return raw_route("POST", path, handler)


def raw_route(method: str, path: str, handler: Handler) -> Route:
    """Return a route whose handler is given the request itself, and what its path says."""

    async def refusing(service: Service, request: Request, **said: str) -> Reply | Response:
        try:
            return await handler(service, request, **said)
        except TOLD as error:
            return _refusal(error)

    refusing.__doc__ = handler.__doc__
    return Route(method, f"{PREFIX}/{path}", refusing, Shape, _PERMISSION, files=True)


async def body_of(request: Request, kind: str, most: int) -> bytes:
    """Return a request's body.

    Raises:
        Problem: it is of another kind, too large, or does not come.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != kind:
        raise Problem("BAD_REQUEST", f"Content-Type must be {kind}")
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length) > most:
        raise _too_large(most)
    pieces: list[bytes] = []
    size = 0
    with anyio.move_on_after(BODY_SECONDS):
        async for piece in request.stream():
            pieces.append(piece)
            size += len(piece)
            if size > most:
                raise _too_large(most)
        return b"".join(pieces)
    raise Problem("REQUEST_TIMEOUT", f"the body was not there after {BODY_SECONDS:g} s")


def _too_large(most: int) -> Problem:
    return Problem("REQUEST_TOO_LARGE", f"a request has at most {most} bytes here")


def _json(body: bytes) -> object:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as problem:
        raise InvalidInput(f"the body is no JSON: {problem}") from problem


def _refusal(error: TrackerError) -> Reply:
    problem = problem_of(error)
    body = {"error_code": problem.code, "message": str(error), "error": told(error)}
    busy = ((b"retry-after", b"1"),) if problem.status >= 503 else ()  # noqa: PLR2004  # 503 and 507
    return Reply(problem.status, orjson.dumps(body), headers=busy)
