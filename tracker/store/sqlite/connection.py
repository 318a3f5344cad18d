"""Connections to the SQLite file, and the one place where SQLite's errors become ours.

Exactly one connection at a time writes or checkpoints (SQLite before 3.51.3 can corrupt a WAL file when two
do): the writer's, used only under the writer's lock. Readers open the file read-only, so they can neither
write, nor checkpoint, nor hold a lock that a writer would wait for.
"""

from __future__ import annotations

import contextlib
import inspect
import os
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar, TypeVarTuple

import aiosqlite
import anyio
from anyio import to_thread

from ...errors import NotAStore, StoreError, StoreReadOnly, StoreUnavailable
from .holders import blamed

A = TypeVarTuple("A")
T = TypeVar("T")

# How long a lock that a foreign program holds on the file is waited for, in seconds: by a reader, who needs an answer,
# and by the writer, who will try again.
BUSY_SECONDS = 5.0
BRIEF_SECONDS = 0.25
# NORMAL would lose acknowledged commits at power loss. The cache is in KiB; in a smaller one a large commit's pages are
# written and read again and again within it.
_WRITING = """
PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA cache_size = -32768;
PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;
"""
_READING = "PRAGMA query_only = ON; PRAGMA mmap_size = 0; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;"
_READ_ONLY = {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM}
_LOCKED = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_PASSING = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR}


class Connection:
    """One open connection; its statements run in order, in a thread of their own."""

    def __init__(self, path: Path, connection: aiosqlite.Connection, raw: sqlite3.Connection) -> None:
        self._path = path
        self._connection = connection
        self._raw = raw

    async def run(self, sql: str, values: Sequence[object] = ()) -> None:
        """Run one statement."""
        with translated(self._path):
            await (await self._connection.execute(sql, values)).close()

    async def run_many(self, sql: str, rows: Iterable[Sequence[object]]) -> None:
        """Run one statement for each row, in order."""
        with translated(self._path):
            await (await self._connection.executemany(sql, rows)).close()

    async def run_script(self, sql: str) -> None:
        """Run several statements."""
        with translated(self._path):
            await (await self._connection.executescript(sql)).close()

    async def call(self, function: Callable[[sqlite3.Connection, *A], T], *values: *A) -> T:
        """Call a function with the plain connection, in a thread; nobody else may use it meanwhile.

        What takes a dozen statements, each of which depends on the one before, would else go to and fro a dozen times.
        """
        with translated(self._path):
            return await to_thread.run_sync(function, self._raw, *values)

    async def offer(self, functions: Mapping[str, Callable[..., float | int | str | None]]) -> None:
        """Let SQL call functions by these names; each gives the same result for the same arguments."""
        with translated(self._path):
            for name, function in functions.items():
                count = len(inspect.signature(function).parameters)
                await self._connection.create_function(name, count, function, deterministic=True)

    async def rows(self, sql: str, values: Sequence[object] = ()) -> list[tuple[object, ...]]:
        """Return all rows of a query."""
        with translated(self._path):
            return [tuple(row) for row in await self._connection.execute_fetchall(sql, values)]

    async def value(self, sql: str, values: Sequence[object] = ()) -> object:
        """Return the first column of a query's first row, or None."""
        found = await self.rows(sql, values)
        return found[0][0] if found else None

    @contextlib.asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        """All or nothing.

        It is shielded from cancellation: a cancelled statement would still run, and leave the transaction open.
        """
        with anyio.CancelScope(shield=True):
            await self.run("BEGIN IMMEDIATE")
            try:
                yield
                await self.run("COMMIT")
            except BaseException:
                with contextlib.suppress(StoreError):
                    await self.run("ROLLBACK")
                raise

    async def aclose(self) -> None:
        """Close; an unclosed connection would keep the process from ending."""
        with anyio.CancelScope(shield=True):
            await self._connection.close()


async def connect_writer(path: Path) -> Connection:
    """Open the file for writing, creating it if need be."""
    with translated(path):
        _make(path)
        connection = await _connect(path, path, timeout=BRIEF_SECONDS, cached_statements=256)
    try:
        await connection.run_script(_WRITING)
    except BaseException:
        await connection.aclose()
        raise
    return connection


async def connect_reader(path: Path, *, immutable: bool = False) -> Connection:
    """Open the file for reading only; one that nobody else can have open may be called `immutable`: it has no locks."""
    with translated(path):
        uri = f"{path.as_uri()}?mode=ro{'&immutable=1' if immutable else ''}"
        connection = await _connect(path, uri, uri=True, timeout=BUSY_SECONDS)
    try:
        await connection.run_script(_READING)
    except BaseException:
        await connection.aclose()
        raise
    return connection


async def _connect(path: Path, database: Path | str, **options: Any) -> Connection:  # noqa: ANN401  # SQLite's own
    held: list[sqlite3.Connection] = []

    def factory(*args: Any, **kwargs: Any) -> sqlite3.Connection:  # noqa: ANN401  # as SQLite calls it
        held.append(sqlite3.Connection(*args, **kwargs))
        return held[0]

    outer = await aiosqlite.connect(database, isolation_level=None, check_same_thread=False, factory=factory, **options)
    return Connection(path, outer, held[0])


def _make(path: Path) -> None:
    """Make an empty file by hand for its mode, which SQLite then gives to the files beside it.

    One that is there is not touched: closing it would take away the locks of this process's other connections, and
    the next process to close its own would then delete the WAL that these go on writing to.
    """
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))


@contextlib.contextmanager
def translated(path: Path) -> Iterator[None]:
    """Raise SQLite's errors as ours."""
    try:
        yield
    except sqlite3.Error as problem:
        raise _translation(path, problem) from problem
    except PermissionError as problem:
        raise StoreReadOnly(path.parent, problem.strerror or "no permission") from problem


def _translation(path: Path, problem: sqlite3.Error) -> StoreError:
    # Extended codes carry the primary one in their low byte.
    code = getattr(problem, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    if code == sqlite3.SQLITE_NOTADB:
        return NotAStore(path.parent, f"{path.name} is not a SQLite file")
    if code in _READ_ONLY:
        return StoreReadOnly(path.parent, str(problem))
    if code in _LOCKED:
        return StoreUnavailable(f"cannot write to {path} just now: it is {blamed(path) or 'in use by another program'}")
    if code in _PASSING:
        return StoreUnavailable(f"cannot write to {path} just now: {problem}")
    return StoreError(f"{path}: {problem}")
