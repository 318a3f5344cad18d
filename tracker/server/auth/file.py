"""The file that users are kept in, beside the store's: `users.db`, for its owner only.

It keeps a rollback journal and no WAL, since several processes may write to it: a server, and whoever changes users
meanwhile. Each transaction is short, and takes the file's lock first.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ...errors import NotAStore, StoreTooNew, StoreUnavailable
from ...store.sqlite.connection import translated

NAME = "users.db"
# "trku": what marks the file as ours.
APPLICATION_ID = 0x74726B75
VERSION = 1
# How long another process that writes is waited for, in seconds.
SECONDS = 2.0
_PRAGMAS = ("foreign_keys = ON", "secure_delete = ON", "trusted_schema = OFF", "cell_size_check = ON", "mmap_size = 0")
_SCHEMA = f"""
BEGIN IMMEDIATE;
-- Times are milliseconds since the epoch; a number is never given to another.
CREATE TABLE IF NOT EXISTS users (
    user_no INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    password TEXT NOT NULL,
    is_admin INTEGER NOT NULL,
    created INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS tokens (
    token_no INTEGER PRIMARY KEY AUTOINCREMENT,
    user_no INTEGER NOT NULL REFERENCES users ON DELETE CASCADE,
    name TEXT NOT NULL,
    digest BLOB NOT NULL UNIQUE,
    created INTEGER NOT NULL,
    last_used INTEGER,
    expires INTEGER,
    UNIQUE (user_no, name)
);
CREATE TABLE IF NOT EXISTS grants (
    user_no INTEGER NOT NULL REFERENCES users ON DELETE CASCADE,
    owned TEXT NOT NULL,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    PRIMARY KEY (user_no, owned, name)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS grants_by_name ON grants (owned, name);
PRAGMA application_id = {APPLICATION_ID:d};
PRAGMA user_version = {VERSION:d};
COMMIT;
"""

Row = tuple[Any, ...]


class UsersFile:
    """An open file of users; used by one thread at a time."""

    def __init__(self, path: Path) -> None:
        """Open the file, and make it if there is none.

        Raises:
            StoreError: it cannot be used.
        """
        self.path = path
        self._inode = 0
        with translated(path):
            with contextlib.suppress(FileExistsError):
                os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
            self._connect()

    def rows(self, sql: str, *values: object) -> list[Row]:
        """Return all rows of a query."""
        with translated(self.path):
            return self._connection.execute(sql, values).fetchall()

    def run(self, sql: str, *values: object) -> int:
        """Run a statement; return how many rows it changed."""
        with translated(self.path):
            return self._connection.execute(sql, values).rowcount

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing, and nobody else writes meanwhile."""
        self.run("BEGIN IMMEDIATE")
        try:
            yield
            self.run("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self.run("ROLLBACK")
            raise

    def version(self) -> Sequence[object]:
        """Return what changes whenever somebody else has changed the file, or has put another one in its place.

        Raises:
            StoreUnavailable: it is gone.
        """
        try:
            file = self.path.stat()
        except FileNotFoundError:
            raise StoreUnavailable(f"{self.path} is gone, and with it whoever might sign in") from None
        if file.st_ino != self._inode:
            self.close()
            self._inode = 0
            with translated(self.path):
                self._connect()
        return self._inode, *self.rows("PRAGMA data_version")[0]

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def _connect(self) -> None:
        inode = self.path.stat().st_ino
        self._connection = sqlite3.connect(
            self.path, timeout=SECONDS, isolation_level=None, check_same_thread=False, cached_statements=64
        )
        try:
            self._prepare()
        except BaseException:
            self._connection.close()
            raise
        self._inode = inode

    def _prepare(self) -> None:
        for pragma in _PRAGMAS:
            self._connection.execute(f"PRAGMA {pragma}")
        ((application,),), ((version,),) = self.rows("PRAGMA application_id"), self.rows("PRAGMA user_version")
        ((tables,),) = self.rows("SELECT count(*) FROM sqlite_schema")
        if tables and application != APPLICATION_ID:
            raise NotAStore(self.path.parent, f"{self.path.name} is another program's database")
        if version > VERSION:
            raise StoreTooNew(self.path.parent, version, VERSION)
        if version < VERSION:
            self._connection.executescript(_SCHEMA)
