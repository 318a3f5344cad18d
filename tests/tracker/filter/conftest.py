from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

import tracker
from tracker.store.sqlite.functions import UPGRADING, offer
from tracker.store.sqlite.schema import VERSION

SCHEMA = Path(tracker.__file__).parent / "store" / "schema"


@pytest.fixture(scope="session")
def template() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:")) as connection:
        offer(connection, UPGRADING)
        for version in range(1, VERSION + 1):
            connection.executescript((SCHEMA / f"sqlite_{version}.sql").read_text())
        yield connection


@pytest.fixture(scope="session")
def new_store(template: sqlite3.Connection) -> Callable[[], sqlite3.Connection]:
    """Make empty stores; each is the caller's to close."""

    def make() -> sqlite3.Connection:
        connection = sqlite3.connect(":memory:")
        template.backup(connection)
        return connection

    return make
