"""`tracker serve`."""

from __future__ import annotations

import argparse
import re
import sys
from contextlib import closing
from dataclasses import replace
from functools import partial
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from ..client.blocking import open_tracker
from ..errors import InvalidInput, MissingExtra

if TYPE_CHECKING:
    from ..server import Manner

_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_PORTS = range(1 << 16)
_ROOT = re.compile(r"(/[\w.~-]+)+")
_URI = re.compile(r"[a-zA-Z][\w+.-]*:[^\s?#]*|/[^\s?#]*")


def serve(arguments: argparse.Namespace) -> int:
    """Serve a store until Ctrl-C or SIGTERM; return the exit code."""
    if arguments.port not in _PORTS:
        raise InvalidInput(f"port {arguments.port}: a port is from 1 to 65535 (0: any that is free)")
    if arguments.host not in _LOOPBACK and not (arguments.auth or arguments.insecure):
        problem = f"whoever reaches {arguments.host}:{arguments.port} could read and change everything"
        raise InvalidInput(f"{problem}; add --auth, serve 127.0.0.1, or add --insecure if that is meant")
    if arguments.default_role and not arguments.auth:
        raise InvalidInput("--default-role needs --auth, without which anybody may do anything")
    _require_fitting(arguments)
    try:
        server = import_module("tracker.server.serving")
    except ModuleNotFoundError as missing:
        raise MissingExtra(missing.name or "uvicorn", "server") from missing
    if arguments.certfile:
        server.require_tls(arguments.certfile, arguments.keyfile)
    manner = _manner(server, arguments)
    # Whatever is wrong with the store is said before the port is taken.
    with open_tracker(arguments.store) as tracker:
        store = tracker.path
    if arguments.auth:
        manner = _with_users(manner, store, arguments.default_role)
    listening = server.listen(arguments.host, arguments.port)
    port = listening.getsockname()[1]
    scheme = "https" if arguments.certfile else "http"
    # In a file beside it, or in the place of an access log, this is the first line.
    sys.stdout.write(f"serving {store} at {scheme}://{arguments.host}:{port}{arguments.root_path} (Ctrl-C ends it)\n")
    sys.stdout.flush()
    way = server.Way(
        certfile=arguments.certfile,
        keyfile=arguments.keyfile,
        forwarded_allow_ips=[each for each in arguments.forwarded_allow_ips.split(",") if each],
    )
    code: int = server.serve(store, listening, manner, way)
    return code


def _require_fitting(arguments: argparse.Namespace) -> None:
    if arguments.workers < 1:
        raise InvalidInput(f"--workers {arguments.workers}: at least 1")
    if bool(arguments.certfile) != bool(arguments.keyfile):
        raise InvalidInput("--certfile and --keyfile are given together, or neither")
    if arguments.root_path and not _ROOT.fullmatch(arguments.root_path):
        raise InvalidInput(f"--root-path {arguments.root_path!r}: a path such as /tracker, without a slash at its end")
    if arguments.no_serve_artifacts and arguments.artifacts_only:
        raise InvalidInput("--no-serve-artifacts and --artifacts-only leave nothing to serve; choose one")
    if arguments.no_serve_artifacts != bool(arguments.default_artifact_root):
        raise InvalidInput("--no-serve-artifacts and --default-artifact-root URI are given together, or neither")
    if arguments.default_artifact_root and not _URI.fullmatch(arguments.default_artifact_root):
        raise InvalidInput(
            f"--default-artifact-root {arguments.default_artifact_root!r}: a URI such as s3://bucket/runs"
        )


def _manner(server: ModuleType, arguments: argparse.Namespace) -> Manner:
    modes = [mode for mode in server.Mode if getattr(arguments, mode.replace("-", "_"), False)]
    made: Manner = server.Manner(
        hosts=[*arguments.allowed_hosts, arguments.host],
        mode=modes[0] if modes else server.Mode.ALL,
        root_path=arguments.root_path,
        artifact_root=arguments.default_artifact_root.rstrip("/"),
        workers=arguments.workers,
        watchers=[server.access_log(arguments.access_log)] if arguments.access_log else [],
    )
    return made


def _with_users(manner: Manner, store: Path, default_role: str | None) -> Manner:
    auth = import_module("tracker.server.auth")
    with closing(auth.Users(store)) as users:
        if not users.has_admin():
            command = f"tracker users add NAME --admin --store {store}"
            raise InvalidInput(f"nobody can sign in yet: make the first admin with: {command}")
    return replace(manner, doorkeeper=partial(auth.UsersDoorkeeper, store, auth.Role(default_role or "none")))
