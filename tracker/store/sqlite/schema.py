"""Make a new file's tables, bring an older file's up to date, and recognise a file that is not ours."""

from __future__ import annotations

import os
from functools import cache
from importlib import resources
from pathlib import Path

from anyio import to_thread

from ...errors import NotAStore, StoreReadOnly, StoreTooNew, StoreTooOld
from ...system import milliseconds, sync_file, sync_folder
from .connection import Connection
from .functions import UPGRADING
from .run_metrics import pack_ended

# "trkr": what marks the file as ours.
APPLICATION_ID = 0x74726B72
VERSION = 5
# Run 0 stands for "no run": that of logged models which were made outside of any. It is in no list.
_NO_RUN = """
INSERT INTO runs (run_no, run_id, experiment_id, run_name, status, start_time, lifecycle_stage)
VALUES (0, '', 0, '', 'FINISHED', 0, 'none');
"""
_KNOWS_NO_RUN = 4
# What somebody may have put into a file to change what is written to it, or what is read of it.
_ACTING = "SELECT name, sql FROM sqlite_schema WHERE type NOT IN ('table', 'index') OR sql LIKE 'CREATE VIRTUAL%'"


async def prepare(connection: Connection, path: Path) -> None:
    """Bring a file to this version's schema; the caller holds the writer's lock.

    An older version's file is kept beside it first, as it was: `tracker.db.v1`.

    Raises:
        NotAStore: it is another program's database.
        StoreTooNew: a newer version wrote it.
        StoreReadOnly: no copy could be kept; nothing was changed then.
    """
    found = await check(connection, path)
    if found == 0:
        await _apply(
            connection,
            f"{_tables()} {_default_experiment()} {_NO_RUN} PRAGMA application_id = {APPLICATION_ID:d};",
        )
    elif found < VERSION:
        await _keep_copy(connection, path, path.with_name(f"{path.name}.v{found}"))
        await connection.offer(UPGRADING)
        await _apply(connection, f"{_steps(found)} {_NO_RUN if found < _KNOWS_NO_RUN else ''}")
        # A run that is left out where this is cut short is read from its curves.
        await connection.call(pack_ended)


async def require(connection: Connection, path: Path) -> None:
    """Check that a file has this version's schema.

    Raises:
        NotAStore: it is empty, or another program's.
        StoreTooNew: a newer version wrote it.
        StoreTooOld: an older one did, and `prepare` has not been called since.
    """
    found = await check(connection, path)
    if found == 0:
        raise NotAStore(path.parent, f"{path.name} is empty")
    if found < VERSION:
        raise StoreTooOld(path.parent, found, VERSION)


async def check(connection: Connection, path: Path) -> int:
    """Return the file's schema version, 0 if it is new and empty.

    Raises:
        NotAStore: it is another program's, or was made to do what ours does not.
        StoreTooNew: a newer version wrote it.
    """
    application = await connection.value("PRAGMA application_id")
    version = await connection.value("PRAGMA user_version")
    tables = await connection.value("SELECT count(*) FROM sqlite_schema")
    if not isinstance(version, int) or (tables and application != APPLICATION_ID):
        raise NotAStore(path.parent, f"{path.name} is another program's database")
    if version > VERSION:
        raise StoreTooNew(path.parent, version, VERSION)
    for name, sql in await connection.rows(_ACTING):
        if str(sql) not in _tables():
            raise NotAStore(path.parent, f"{path.name} holds {name!r}, which acts by itself and is none of a tracker's")
    return version


async def _apply(connection: Connection, script: str) -> None:
    """Run what makes a file of this version in one transaction: all of it, or nothing."""
    await connection.run_script(f"BEGIN IMMEDIATE; {script} PRAGMA user_version = {VERSION:d}; COMMIT;")


def _steps(found: int) -> str:
    """Return what makes a file of this version out of one of an older version."""
    return "".join(_read(f"sqlite_{step}.sql") for step in range(found + 1, VERSION + 1))


@cache
def _tables() -> str:
    """Return what makes a new file: what all steps come to, in one."""
    return _read("sqlite.sql")


def _read(name: str) -> str:
    return resources.files("tracker.store").joinpath("schema", name).read_text("utf-8")


def _default_experiment() -> str:
    now = milliseconds()
    return (
        "INSERT INTO experiments (experiment_id, name, creation_time, last_update_time) "
        f"VALUES (0, 'Default', {now:d}, {now:d});"
    )


async def _keep_copy(connection: Connection, path: Path, copy: Path) -> None:
    """Copy the file to a name that only a whole copy on the disk ever has."""
    aside = copy.with_name(f"{copy.name}.new")
    try:
        aside.unlink(missing_ok=True)
        # Made by hand for its mode; SQLite copies into an empty file.
        os.close(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        await connection.run("VACUUM INTO ?", (str(aside),))
        await to_thread.run_sync(sync_file, aside)
        aside.rename(copy)
        await to_thread.run_sync(sync_folder, path.parent)
    except OSError as problem:
        raise StoreReadOnly(path.parent, f"no copy of it could be kept: {problem.strerror}") from problem
