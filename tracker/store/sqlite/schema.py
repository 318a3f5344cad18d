"""Make a new file's tables, and recognise a file that is not ours."""

from __future__ import annotations

import time
from importlib import resources
from pathlib import Path

from ...errors import NotAStore, StoreTooNew
from .connection import Connection

# "trkr": what marks the file as ours.
APPLICATION_ID = 0x74726B72
VERSION = 1


async def prepare(connection: Connection, path: Path) -> None:
    """Bring a file to this version's schema; the caller holds the writer's lock.

    Raises:
        NotAStore: it is another program's database.
        StoreTooNew: a newer version wrote it.
    """
    if await check(connection, path) == 0:
        await _create(connection)


async def require(connection: Connection, path: Path) -> None:
    """Check that a file has this version's schema.

    Raises:
        NotAStore: it is empty, or another program's.
        StoreTooNew: a newer version wrote it.
    """
    if await check(connection, path) == 0:
        raise NotAStore(path.parent, f"{path.name} is empty")


async def check(connection: Connection, path: Path) -> int:
    """Return the file's schema version, 0 if it is new and empty."""
    application = await connection.value("PRAGMA application_id")
    version = await connection.value("PRAGMA user_version")
    tables = await connection.value("SELECT count(*) FROM sqlite_schema")
    if not isinstance(version, int) or (tables and application != APPLICATION_ID):
        raise NotAStore(path.parent, f"{path.name} is another program's database")
    if version > VERSION:
        raise StoreTooNew(path.parent, version, VERSION)
    return version


async def _create(connection: Connection) -> None:
    tables = resources.files("tracker.store").joinpath("schema", "sqlite_1.sql").read_text("utf-8")
    now = time.time_ns() // 1_000_000
    await connection.run_script(
        f"BEGIN IMMEDIATE; {tables}"
        "INSERT INTO experiments (experiment_id, name, creation_time, last_update_time) "
        f"VALUES (0, 'Default', {now:d}, {now:d});"
        f"PRAGMA application_id = {APPLICATION_ID:d}; PRAGMA user_version = {VERSION:d}; COMMIT;",
    )
