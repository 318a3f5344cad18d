"""What the routes share: requests are read strictly, and refusals are told with their facts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import anyio
import orjson

from ...errors import InvalidInput, TrackerError
from ...journal.plain import plain, read
from ...store.rest.address import PREFIX
from ...store.rest.failures import TOLD, told
from ..concerns import Concerns, what_may_be_read
from ..fields import Shape
from ..http import Request, Response
from ..problems import Problem, problem_of
from ..replies import Reply, json_reply, problem_reply
from ..routes import Permission, Route
from ..service import Service

# Words are short; a list of many IDs is the longest.
MOST_WORDS = 4 * 1024 * 1024
BODY_SECONDS = 60.0
_JSON = "application/json"

Asked = TypeVar("Asked")
Handler = Callable[..., Awaitable[Reply | Response]]


def route(
    path: str,
    words: type[Asked],
    answer: Callable[[Service, Asked], Awaitable[object]],
    concerns: Concerns | None = what_may_be_read,
    permission: Permission = Permission.READ,
) -> Route:
    """Return a route that is asked by words, a frozen dataclass, and answers with facts, or with a whole reply."""

    async def reads(request: Request) -> Asked:
        return read(words, _json(await body_of(request, _JSON, MOST_WORDS)))

    async def handler(service: Service, asked: Asked) -> Reply | Response:
        found = await answer(service, asked)
        return found if isinstance(found, Reply | Response) else json_reply(plain(found))

    handler.__doc__ = answer.__doc__
    return raw_route("POST", path, handler, permission, concerns, reads)


def raw_route(
    method: str,
    path: str,
    handler: Handler,
    permission: Permission,
    concerns: Concerns | None,
    reads: Callable[[Request], Awaitable[Any]] | None = None,
) -> Route:
    """Return a route whose handler is given what is read of a request, or that itself, and what its path says."""
    whole = f"{PREFIX}/{path}"
    return Route(method, whole, handler, Shape, permission, files=True, concerns=concerns, reads=reads, tells=refusal)


async def body_of(request: Request, kind: str, most: int) -> bytes:
    """Return a request's body.

    Raises:
        Problem: it is of another kind, too large, or does not come.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != kind:
        raise Problem("UNSUPPORTED_MEDIA_TYPE", f"Content-Type must be {kind}")
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


def refusal(error: TrackerError) -> Reply:
    """Return a refusal with its facts; what speaks of the server's own disk is told as to MLflow's clients."""
    problem = problem_of(error)
    if not isinstance(error, TOLD):
        return problem_reply(problem)
    body = {"error_code": problem.code, "message": str(error), "error": told(error)}
    busy = ((b"retry-after", b"1"),) if problem.status >= 503 else ()  # noqa: PLR2004  # 503 and 507
    return Reply(problem.status, orjson.dumps(body), headers=busy)
