"""Plain connections for searching: a query takes microseconds, which a thread of its own would double."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from .connection import BUSY_SECONDS, translated
from .functions import SEARCHING, offer

# In KiB, if less than 0; a search for a hundred of many runs looks at some thousand pages, more than the usual 2 MB.
_PRAGMAS = ("query_only = ON", "mmap_size = 0", "trusted_schema = OFF", "cell_size_check = ON", "cache_size = -16384")
# Of a search's statements, with the room that lists of a few hundred different filters take.
_STATEMENTS = 512


class Reader:
    """Lends connections to one file, each to one thread at a time; they can neither write, nor checkpoint, nor lock."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._idle: list[sqlite3.Connection] = []
        self._closed = False

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[sqlite3.Connection]:
        """Lend a connection that sees the store as it is now, whatever is written meanwhile."""
        with translated(self._path):
            connection = self._take()
            try:
                connection.execute("BEGIN")
                try:
                    yield connection
                finally:
                    connection.execute("ROLLBACK")
            finally:
                self._give_back(connection)

    def row(self, sql: str, values: Sequence[object]) -> tuple[Any, ...] | None:
        """Return the first row that a statement finds by itself, which needs no snapshot; None if there is none."""
        with translated(self._path):
            connection = self._take()
            try:
                return next(iter(connection.execute(sql, values).fetchall()), None)
            finally:
                self._give_back(connection)

    def close(self) -> None:
        """Close what is not lent now, and the rest when it is given back."""
        self._closed = True
        with contextlib.suppress(IndexError):
            while True:
                self._idle.pop().close()

    def _take(self) -> sqlite3.Connection:
        try:
            return self._idle.pop()
        except IndexError:
            return self._connect()

    def _give_back(self, connection: sqlite3.Connection) -> None:
        if self._closed:
            connection.close()
        else:
            self._idle.append(connection)

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            f"{self._path.as_uri()}?mode=ro",
            uri=True,
            timeout=BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=_STATEMENTS,
        )
        try:
            for pragma in _PRAGMAS:
                connection.execute(f"PRAGMA {pragma}")
            offer(connection, SEARCHING)
        except BaseException:
            connection.close()
            raise
        return connection
