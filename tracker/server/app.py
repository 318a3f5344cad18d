"""The ASGI application: a request is guarded, routed, read, answered."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Any, Protocol
from urllib.parse import parse_qs

import anyio

from ..errors import TrackerError
from .allowing import identify, require
from .fields import of_body, of_query
from .http import ClientDisconnect, Request, Response
from .observing import ROUTE, USER
from .problems import Problem, problem_of
from .replies import Reply, json_reply, problem_reply
from .routes import Route, Router
from .service import Service

# More than the largest thing that MLflow's clients send as JSON, a dataset's profile of 16 MB.
MAX_BODY = 32 * 1024 * 1024
BODY_SECONDS = 60.0
_JSON = "application/json"
# What a server says of a request whose body is all here, so that there is nothing to wait for.
WHOLE = "tracker.whole"

log = logging.getLogger("tracker.server")


class Opens(Protocol):
    """What opens the store that is served."""

    def __call__(self) -> AbstractAsyncContextManager[Service]:
        """Return what opens and closes it."""
        ...


class App:
    """Answers requests of a store, which is open while the application is up."""

    def __init__(self, router: Router, opens: Opens | None = None) -> None:
        self._router = router
        self._opens = opens
        self._service: Service | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401  # as ASGI has it
        """Answer a request, or open and close the store."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        else:
            await self.answer(self._service, scope, receive, send)

    async def answer(self, service: Service | None, scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401
        """Answer a request of a service's store, as ASGI has it; without a service, say that there is none."""
        try:
            reply = await self._answer(service, scope, receive)
        except Problem as problem:
            reply = problem_reply(problem)
        except TrackerError as error:
            reply = problem_reply(problem_of(error))
        except ClientDisconnect:
            return
        except Exception:
            log.exception("%s %r", scope["method"], scope["path"])
            reply = problem_reply(Problem("INTERNAL_ERROR", "the server's log says what went wrong"))
        if isinstance(reply, Reply):
            await reply.send(scope, send)
        else:
            await reply(scope, receive, send)

    async def _live(self, receive: Any, send: Any) -> None:  # noqa: ANN401  # as ASGI has it
        async with AsyncExitStack() as stack:
            await receive()
            try:
                if self._opens is not None:
                    self._service = await stack.enter_async_context(self._opens())
            except TrackerError as problem:
                await send({"type": "lifespan.startup.failed", "message": str(problem)})
                return
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})

    async def _answer(self, service: Service | None, scope: Any, receive: Any) -> Reply | Response:  # noqa: ANN401
        route, said = self._router.find(scope["method"], scope["path"])
        scope[ROUTE] = route.path
        if service is None:
            raise Problem("TEMPORARILY_UNAVAILABLE", "the server is stopping")
        if service.doorkeeper is not None:
            # Before a stranger's body is read.
            viewer = await identify(service.doorkeeper, route, scope)
            scope[USER] = viewer.name
            service = service.seen_by(viewer)
        try:
            return await _handled(service, route, said, scope, receive)
        except TrackerError as error:
            return route.tells(error)


async def _handled(
    service: Service,
    route: Route,
    said: Mapping[str, str],
    scope: Any,  # noqa: ANN401  # as ASGI has it
    receive: Any,  # noqa: ANN401
) -> Reply | Response:
    if route.files:
        request = Request({**scope, "path_params": said}, receive)
        asked = request if route.reads is None else await route.reads(request)
        await require(service, route, asked)
        return _reply(await route.handler(service, asked, **said))
    asked = await _asked(route, said, scope, receive)
    await require(service, route, asked)
    return _reply(await route.handler(service, asked))


async def _asked(route: Route, said: Mapping[str, str], scope: Any, receive: Any) -> object:  # noqa: ANN401  # ASGI's
    if route.method == "GET":
        query = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        return of_query(route.shape, {**query, **{name: [value] for name, value in said.items()}})
    body = await _body(scope, receive)
    return of_body(route.shape, body, said)


async def _body(scope: Any, receive: Any) -> bytes:  # noqa: ANN401  # as ASGI has it
    kind = length = ""
    for name, value in scope["headers"]:
        if name == b"content-type":
            kind = value.decode("latin-1")
        elif name == b"content-length":
            length = value.decode("latin-1")
    # MLflow's client deletes some things without a body, and then says nothing of its type.
    may_be_none = scope["method"] == "DELETE" and not kind and length in {"", "0"}
    if kind.partition(";")[0].strip().lower() != _JSON and not may_be_none:
        raise _of_other_type()
    if length.isdecimal() and int(length) > MAX_BODY:
        raise _too_large()
    if WHOLE in scope:
        body = await _pieces(receive)
    else:
        with anyio.move_on_after(BODY_SECONDS) as waiting:
            body = await _pieces(receive)
        if waiting.cancelled_caught:
            raise Problem("REQUEST_TIMEOUT", f"the body was not there after {BODY_SECONDS:g} s")
    if body and may_be_none:
        raise _of_other_type()
    return body


async def _pieces(receive: Any) -> bytes:  # noqa: ANN401  # as ASGI has it
    pieces: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        pieces.append(message.get("body", b""))
        size += len(pieces[-1])
        if size > MAX_BODY:
            raise _too_large()
        if not message.get("more_body"):
            return b"".join(pieces)


def _of_other_type() -> Problem:
    return Problem("BAD_REQUEST", f"Bad Request. Content-Type must be {_JSON}.")


def _too_large() -> Problem:
    return Problem("REQUEST_TOO_LARGE", f"a request has at most {MAX_BODY} bytes")


def _reply(answer: object) -> Reply | Response:
    return answer if isinstance(answer, Reply | Response) else json_reply(answer)
