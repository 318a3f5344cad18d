"""Run the server until it is told to stop."""

from __future__ import annotations

import os
import socket
from collections.abc import Sequence
from pathlib import Path

import uvicorn

from ..errors import InvalidInput
from . import LOOPBACK, make_app

# What answers may take once it was told to stop, in seconds.
DRAIN_SECONDS = 10
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


def serve(store: Path, listening: socket.socket, hosts: Sequence[str]) -> None:
    """Serve a store until SIGTERM or Ctrl-C; answers that were begun are given first."""
    config = uvicorn.Config(
        make_app(store, [*LOOPBACK, *hosts]),
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="on",
        log_level="warning",
        access_log=False,
        server_header=False,
        date_header=False,
        timeout_graceful_shutdown=DRAIN_SECONDS,
    )
    uvicorn.Server(config).run(sockets=[listening])
