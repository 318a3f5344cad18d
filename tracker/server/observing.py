"""What came of each request, told to whoever keeps count of them: the meter, and the access log."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from .guard import App

# Under these names a request's scope holds its route's path, and who asked.
ROUTE, USER = "tracker.route", "tracker.user"
# Whoever asked was gone before there was an answer.
GONE = 499


class Seen(NamedTuple):
    """A request that is over: `route` is a route's path, "" where there is none; `path` is as it was sent."""

    method: str
    path: str
    route: str
    status: int
    size: int
    seconds: float
    user: str


class Observer:
    """Passes requests on, and tells its watchers what came of them."""

    def __init__(self, app: App, watchers: Sequence[Callable[[Seen], None]]) -> None:
        self._app = app
        self._watchers = tuple(watchers)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401  # as ASGI has it
        """Pass a request on, and watch what is sent."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        sent = _Sent(send)
        begun = time.perf_counter()
        try:
            await self._app(scope, receive, sent)
        finally:
            self._tell(scope, sent, time.perf_counter() - begun)

    def _tell(self, scope: Any, sent: _Sent, seconds: float) -> None:  # noqa: ANN401  # as ASGI has it
        path = scope.get("raw_path", b"").decode("latin-1")
        route, user = scope.get(ROUTE, ""), scope.get(USER, "")
        seen = Seen(scope["method"], path, route, sent.status, sent.size, seconds, user)
        for watcher in self._watchers:
            watcher(seen)


class _Sent:
    """Sends on, and remembers the status and how many bytes it were."""

    __slots__ = ("_send", "size", "status")

    def __init__(self, send: Any) -> None:  # noqa: ANN401  # as ASGI has it
        self._send = send
        self.status = GONE
        self.size = 0

    async def __call__(self, message: Any) -> None:  # noqa: ANN401  # as ASGI has it
        if message["type"] == "http.response.start":
            self.status = message["status"]
        else:
            self.size += len(message.get("body", b""))
        await self._send(message)
