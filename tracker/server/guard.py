"""Who may ask at all, before anything else is looked at: hosts, origins, and how much a request may hold.

A page in a browser can reach a server on the same machine, by its own name (DNS rebinding) or by a form; so a request
must name a host that this server is known by, and one with an origin must come from this server's own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from .problems import Problem
from .replies import Reply, problem_reply

Scope = Mapping[str, Any]
LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})


class App(Protocol):
    """An ASGI application."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401  # as ASGI has it
        """Answer a request."""


class Guard:
    """Lets through what names one of these hosts, by itself or with a port; `*` stands for any.

    A proxy may pass a request on under another host of these; its page's origin then is the name that was given here,
    with a port only if it was given with one.
    """

    def __init__(self, app: App, hosts: Iterable[str]) -> None:
        self._app = app
        self._hosts = frozenset(host.lower() for host in hosts)
        # On this machine other pages have the same name, and another port.
        self._public = self._hosts - LOOPBACK - {"*"}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401  # as ASGI has it
        """Pass a request on, or refuse it."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        refusal = self._refusal(scope)
        if refusal is None and scope["type"] == "http":
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            await (refusal or problem_reply(Problem("PERMISSION_DENIED", ""))).send(scope, send)
        else:
            await send({"type": "websocket.close", "code": 1008})

    def _refusal(self, scope: Scope) -> Reply | None:
        hosts = [value for name, value in scope["headers"] if name == b"host"]
        origins = [value for name, value in scope["headers"] if name == b"origin"]
        if len(hosts) != 1 or not self._is_known(hosts[0].decode("latin-1").lower()):
            return problem_reply(Problem("PERMISSION_DENIED", "Invalid Host header: see --allowed-hosts"))
        own = {hosts[0].decode("latin-1").lower()} | self._public
        if any(_host_of(origin) not in own for origin in origins):
            return problem_reply(Problem("PERMISSION_DENIED", "requests from other origins are refused"))
        return None

    def _is_known(self, host: str) -> bool:
        name, _, port = host.rpartition(":")
        bare = name if name and port.isdecimal() and not host.endswith("]") else host
        return bool(bare) and ("*" in self._hosts or bare in self._hosts or host in self._hosts)


def _host_of(origin: bytes) -> str:
    """Return the host of an origin, with its port if it has one; "" if it is none that this server has."""
    scheme, _, host = origin.decode("latin-1").lower().partition("://")
    return host if scheme in {"http", "https"} else ""
