"""Plain servers of the files in a folder, to which files can be sent: nginx, or what Python has."""

from __future__ import annotations

import os
import shutil
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from ..programs import Failed, command
from .rest import HOST
from .servers import LOOK_SECONDS, PATIENCE, free_port, kept

NGINX, PYTHON = "nginx", "Python's http.server (there is no nginx)"
# One worker, which writes where the files are, and as little else as can be; by WebDAV it takes files.
NGINX_SETTINGS = """
daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/errors; {user}
events {{}}
http {{
  access_log off; sendfile on; client_max_body_size 0;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  server {{ listen {host}:{port}; root {folder}/kept; dav_methods PUT; }}
}}
"""


@dataclass(frozen=True)
class PlainServer:
    """How one is started: the command for a folder and a port."""

    name: str
    command: Callable[[Path, int], Sequence[str]]


def plain_server() -> PlainServer:
    """Return nginx, if it is installed, else Python's."""
    program = shutil.which("nginx")
    return PlainServer(NGINX, nginx(program)) if program else PlainServer(PYTHON, http_server)


def nginx(program: str) -> Callable[[Path, int], Sequence[str]]:
    """Return the command of nginx, which writes its settings."""

    def words(folder: Path, port: int) -> Sequence[str]:
        (folder / "kept").mkdir()
        # Its worker would be somebody else, who may not write here.
        user = "user root;" if os.geteuid() == 0 else ""
        settings = folder / "nginx.conf"
        settings.write_text(NGINX_SETTINGS.format(folder=folder, host=HOST, port=port, user=user), "utf-8")
        return [program, "-e", str(folder / "errors"), "-p", str(folder), "-c", str(settings)]

    return words


def http_server(folder: Path, port: int) -> Sequence[str]:
    """Return the command of Python's."""
    return command("serving.plain_files", folder=folder, port=port)


@contextmanager
def serving(server: PlainServer, folder: Path) -> Iterator[int]:
    """Start one, and end it; give its port.

    Raises:
        Failed: it ends, or nobody is there.
    """
    port = free_port()
    with kept(server.command(folder, port), folder, {}) as (keeper, _):
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until and keeper.poll() is None:
            with suppress(OSError), socket.create_connection((HOST, port)):
                break
            time.sleep(LOOK_SECONDS)
        else:
            raise Failed(f"{server.name} is not there")
        yield port
