"""Run the server until it is told to stop."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import anyio
import uvicorn

from ..errors import InvalidInput
from . import LOOPBACK, make_app
from .guard import App

# What answers may take once it was told to stop, in seconds.
DRAIN_SECONDS = 10
_BRIEF_DRAIN_SECONDS = 1
_WAITING = 2048


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
    server = _Within(_config(app, loop="none", lifespan="off", drain=_BRIEF_DRAIN_SECONDS))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_shielded, server, listening)
        try:
            await anyio.sleep_forever()
        finally:
            server.should_exit = True


def serve(store: Path, listening: socket.socket, hosts: Sequence[str]) -> None:
    """Serve a store until SIGTERM or Ctrl-C; answers that were begun are given first."""
    app = make_app(store, [*LOOPBACK, *hosts])
    uvicorn.Server(_config(app, loop="uvloop", lifespan="on", drain=DRAIN_SECONDS)).run(sockets=[listening])


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


def _config(app: App, *, loop: Literal["none", "uvloop"], lifespan: Literal["on", "off"], drain: int) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        loop=loop,
        http="httptools",
        ws="none",
        lifespan=lifespan,
        log_level="warning",
        access_log=False,
        server_header=False,
        date_header=False,
        timeout_graceful_shutdown=drain,
    )
