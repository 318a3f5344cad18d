from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

import tracker

SCHEMA = (Path(tracker.__file__).parent / "store" / "schema" / "sqlite_1.sql").read_text()


@pytest.fixture(scope="session")
def template() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(SCHEMA)
        yield connection


@pytest.fixture(scope="session")
def new_store(template: sqlite3.Connection) -> Callable[[], sqlite3.Connection]:
    """Make empty stores; each is the caller's to close."""

    def make() -> sqlite3.Connection:
        connection = sqlite3.connect(":memory:")
        template.backup(connection)
        return connection

    return make
