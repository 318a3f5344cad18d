"""Files of a store behind a server: sent, fetched and removed; see `artifacts.spooled.Remote`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from urllib.parse import quote

from ...entities import File
from .connection import Connection

# What one file may take without a byte moving, in seconds.
_SECONDS = 30.0


class RestFiles:
    """Files behind a server."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def upload(self, owner: str, file: File, place: Path) -> None:
        """Send a file's bytes; the server keeps them if they are what the file says, else nothing of them.

        Raises:
            InvalidInput: they are not.
            StoreUnavailable: the server cannot be reached.
        """
        query = {"sha256": file.sha256}
        self._connection.send("PUT", _path(owner, file.path), place, query=query, seconds=_SECONDS)

    def download(self, owner: str, file: File) -> AbstractContextManager[Iterator[bytes]]:
        """Give a file's bytes as they come."""
        return self._connection.stream(_path(owner, file.path))

    def remove(self, owner: str) -> None:
        """Remove all files of a logged model that was deleted."""
        self._connection.send("DELETE", f"files/{quote(owner, safe='')}", seconds=_SECONDS)


def _path(owner: str, path: str) -> str:
    return f"files/{quote(owner, safe='')}/{quote(path)}"
