"""Run the server until it is told to stop."""

from __future__ import annotations

import gc
import os
import resource
import signal
import socket
import sys
from asyncio import Transport
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal, cast
from urllib.parse import urlsplit

import anyio
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from ..errors import InvalidInput
from . import LOOPBACK, Manner, Mode, make_app
from .access_log import access_log
from .app import WHOLE
from .connections import MAX_HEAD, Limits, Room
from .guard import App
from .heads import Answers
from .problems import bad_value
from .tls import require_tls
from .workers import STOPPING, run_workers

__all__ = ["Limits", "Manner", "Mode", "Way", "access_log", "listen", "require_tls", "serve", "serve_within"]

# What answers may take once it was told to stop, in seconds: with what the store may take after that, ten.
DRAIN_SECONDS = 8
_BRIEF_DRAIN_SECONDS = 1
_WAITING = 2048
# File descriptors for anything but connections.
_OWN_FILES = 512
# How long a thread keeps the interpreter from another one that waits for it.
_SWITCH_SECONDS = 0.0002


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How requests come in: in clear or by TLS, by which proxies, and within which limits."""

    certfile: str = ""
    keyfile: str = ""
    forwarded_allow_ips: Sequence[str] = ()
    limits: Limits = field(default_factory=Limits)


def listen(host: str, port: int) -> socket.socket:
    """Take a port, any that is free if it is 0.

    Raises:
        InvalidInput: it cannot be had.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=_WAITING)
    except OSError as problem:
        raise InvalidInput(
            f"cannot serve {host}:{port}: {os.strerror(problem.errno or 0)}; choose another --port or --host"
        ) from problem


async def serve_within(app: App, listening: socket.socket) -> None:
    """Serve an application in this program's event loop, until cancelled; answers that were begun are given first."""
    room = Room(Limits())
    server = _Within(_config(app, Way(), room, loop="none", lifespan="off", drain=_BRIEF_DRAIN_SECONDS))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_shielded, server, listening)
        try:
            await anyio.sleep_forever()
        finally:
            server.should_exit = True


def serve(store: Path, listening: socket.socket, manner: Manner, way: Way) -> int:
    """Serve a store until SIGTERM or Ctrl-C; answers that were begun are given first. Returns the exit code."""
    if manner.workers > 1:
        return run_workers(manner.workers, partial(_serve, store, listening, manner, way))
    _serve(store, listening, manner, way)
    return 0


def _serve(store: Path, listening: socket.socket, manner: Manner, way: Way) -> None:
    # A fold computes beside the event loop. A search gives the interpreter up at each call of SQLite's, and would else
    # wait for as long as the fold may keep it: a dozen times 5 ms.
    sys.setswitchinterval(_SWITCH_SECONDS)
    room = Room(replace(way.limits, connections=min(way.limits.connections, _most_connections())))
    manner.meter.connections = lambda: len(room)
    app = make_app(store, replace(manner, hosts=[*LOOPBACK, *manner.hosts]))
    _Alone(_config(app, way, room, loop="uvloop", lifespan="on", drain=DRAIN_SECONDS)).run(sockets=[listening])


class _Alone(uvicorn.Server):
    """A server that is all of its program: until it listens to signals, they end it as any program."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to answer; what is there by then stays for good, and is not looked through for garbage again.

        That would take tens of milliseconds each time, in which nobody is answered.
        """
        await super().startup(sockets)
        gc.freeze()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """End in order at a signal, which is not raised again as by uvicorn's own: it was obeyed."""
        before = {number: signal.signal(number, self.handle_exit) for number in STOPPING}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


class _Within(uvicorn.Server):
    """A server in a program that listens to signals itself."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to the program."""
        yield


async def _shielded(server: uvicorn.Server, listening: socket.socket) -> None:
    # It ends when it is told to, or it would leave its connections as they are.
    with anyio.CancelScope(shield=True):
        await server.serve(sockets=[listening])


def _config(
    app: App, way: Way, room: Room, *, loop: Literal["none", "uvloop"], lifespan: Literal["on", "off"], drain: int
) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        loop=loop,
        http=cast("type[HttpToolsProtocol]", partial(_Protocol, room)),
        ws="none",
        lifespan=lifespan,
        log_level="warning",
        access_log=False,
        server_header=False,
        date_header=False,
        proxy_headers=bool(way.forwarded_allow_ips),
        forwarded_allow_ips=list(way.forwarded_allow_ips),
        ssl_certfile=way.certfile or None,
        ssl_keyfile=way.keyfile or None,
        timeout_keep_alive=int(way.limits.idle_seconds),
        timeout_graceful_shutdown=drain,
        callback_notify=room.sweep,
        timeout_notify=0,
    )


def _most_connections() -> int:
    """Return how many connections this process may have open, having asked for as many files as it may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return max(16, hard - _OWN_FILES) if hard != resource.RLIM_INFINITY else 1 << 20


class _Protocol(HttpToolsProtocol):
    """Tells the room where its connection stands, and takes a host only from where HTTP has it."""

    def __init__(self, room: Room, **how: Any) -> None:  # noqa: ANN401  # uvicorn's own
        super().__init__(**how)
        self._room = room
        self._head = 0

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        self._answers = Answers(transport)
        self._room.enter(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._room.leave(self)
        super().connection_lost(exc)

    def abandon(self) -> None:
        """Close the connection at once."""
        self._room.leave(self)
        self.transport.abort()

    def data_received(self, data: bytes) -> None:
        # The parser keeps what it has of a header: one that never ends must not fill the memory.
        self._head += len(data)
        super().data_received(data)
        if self._head > MAX_HEAD and not self.transport.is_closing():
            self.send_400_response("The head of the request is too long.")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._room.begins(self)

    def on_headers_complete(self) -> None:
        _require_short(self.headers)
        if not self.url.startswith(b"/"):
            _take_host(self.url, self.headers)
        super().on_headers_complete()
        self.cycle.transport = cast("Transport", self._answers)
        self._head = -(1 << 62)
        self._room.works(self)

    def on_message_complete(self) -> None:
        super().on_message_complete()
        cast("dict[str, Any]", self.scope)[WHOLE] = True
        self._head = 0

    def on_response_complete(self) -> None:
        self._answers.end()
        super().on_response_complete()
        if not self.pipeline:
            self._room.idles(self)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._room.stalls(self)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._room.flows(self)


def _require_short(headers: Sequence[tuple[bytes, bytes]]) -> None:
    """Raises what the parser takes for a request that is none."""
    if sum(len(name) + len(value) for name, value in headers) > MAX_HEAD:
        raise bad_value("the head of the request is too long")


def _take_host(url: bytes, headers: list[tuple[bytes, bytes]]) -> None:
    """Let the host of a request's line stand for the header, as HTTP says it does."""
    host = urlsplit(url).netloc
    headers[:] = [*(each for each in headers if each[0] != b"host"), (b"host", host)]
