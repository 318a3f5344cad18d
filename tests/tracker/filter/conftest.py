from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

import tracker
from tracker.filter import regexp
from tracker.store.curve_functions import FUNCTIONS

SCRIPTS = Path(tracker.__file__).parent / "store" / "schema"
# What upgrades ask of SQL: of no rows here.
UPGRADING = {"first_of": 2, "param_hash": 2}


def connect() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:")
    connection.create_function("regexp", 2, regexp, deterministic=True)
    for name, function in FUNCTIONS.items():
        connection.create_function(name, 2, function, deterministic=True)
    return connection


@pytest.fixture(scope="session")
def template() -> Iterator[sqlite3.Connection]:
    with closing(connect()) as connection:
        for name, count in UPGRADING.items():
            connection.create_function(name, count, lambda *_: None)
        for path in sorted(SCRIPTS.glob("sqlite_*.sql")):
            connection.executescript(path.read_text())
        yield connection


@pytest.fixture(scope="session")
def new_store(template: sqlite3.Connection) -> Callable[[], sqlite3.Connection]:
    """Make empty stores; each is the caller's to close."""

    def make() -> sqlite3.Connection:
        connection = connect()
        template.backup(connection)
        return connection

    return make
