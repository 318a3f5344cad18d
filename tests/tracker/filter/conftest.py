from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

import tracker
from tracker.filter import regexp
from tracker.store.curve_functions import FUNCTIONS

TABLES = Path(tracker.__file__).parent / "store" / "schema" / "sqlite.sql"


def connect() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:")
    connection.create_function("regexp", 2, regexp, deterministic=True)
    for name, function in FUNCTIONS.items():
        connection.create_function(name, 2, function, deterministic=True)
    return connection


@pytest.fixture(scope="session")
def template() -> Iterator[sqlite3.Connection]:
    with closing(connect()) as connection:
        connection.executescript(TABLES.read_text("utf-8"))
        yield connection


@pytest.fixture(scope="session")
def new_store(template: sqlite3.Connection) -> Callable[[], sqlite3.Connection]:
    """Make empty stores; each is the caller's to close."""

    def make() -> sqlite3.Connection:
        connection = connect()
        template.backup(connection)
        return connection

    return make
