"""`tracker serve`."""

from __future__ import annotations

import argparse
import sys
from importlib import import_module

from ..client.blocking import open_tracker
from ..errors import InvalidInput, MissingExtra

_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_PORTS = range(1 << 16)


def serve(arguments: argparse.Namespace) -> None:
    """Serve a store until Ctrl-C or SIGTERM."""
    if arguments.port not in _PORTS:
        raise InvalidInput(f"port {arguments.port}: a port is from 1 to 65535 (0: any that is free)")
    if arguments.host not in _LOOPBACK and not arguments.insecure:
        problem = f"whoever reaches {arguments.host}:{arguments.port} could read and change everything"
        raise InvalidInput(f"{problem}; serve 127.0.0.1, or add --insecure if that is meant")
    try:
        server = import_module("tracker.server.serving")
    except ModuleNotFoundError as missing:
        raise MissingExtra(missing.name or "uvicorn", "server") from missing
    # Whatever is wrong with the store is said before the port is taken.
    with open_tracker(arguments.store) as tracker:
        store = tracker.path
    listening = server.listen(arguments.host, arguments.port)
    port = listening.getsockname()[1]
    sys.stdout.write(f"serving {store} at http://{arguments.host}:{port} (Ctrl-C ends it)\n")
    sys.stdout.flush()
    server.serve(store, listening, [*arguments.allowed_hosts, arguments.host])
