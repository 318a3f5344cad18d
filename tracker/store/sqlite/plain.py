"""Plain connections: a commit is some twenty statements, so all of it runs in one thread, and none goes to and fro."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import orjson


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All or nothing."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def value_of(connection: sqlite3.Connection, sql: str, values: Sequence[object] = ()) -> object:
    """Return the first column of a query's first row, or None."""
    row = connection.execute(sql, values).fetchone()
    return row[0] if row else None


def as_one(columns: str, source: str) -> str:
    """Return a statement for `rows_of`; the columns are numbers without a fraction, and texts."""
    return f"SELECT json_group_array(json_array({columns})) {source}"


def rows_of(connection: sqlite3.Connection, sql: str, values: Sequence[object]) -> list[Any]:
    """Return the rows of a statement of `as_one`, which come as one.

    For each row that SQLite gives, a thread gives up the interpreter, and waits for it again wherever another computes:
    some hundred times 0.2 ms in a search beside a commit.
    """
    found: list[Any] = orjson.loads(connection.execute(sql, values).fetchone()[0])
    return found
