"""Plain connections: a commit is some twenty statements, so all of it runs in one thread, and none goes to and fro."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager


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
