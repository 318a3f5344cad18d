"""Read a store's file wherever it lies, even where nothing may be written beside it."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

from anyio import to_thread

from ..errors import StoreReadOnly
from ..store.sqlite import schema
from ..store.sqlite.connection import Connection, connect_reader
from ..store.sqlite.holders import write_ahead_log


@contextlib.asynccontextmanager
async def reading(database: Path) -> AsyncIterator[Connection]:
    """Open a store's file for reading.

    A file in WAL mode needs one beside it that is shared by all who read. Where that cannot be made nobody writes
    either, so the file is read as one that does not change; if its WAL holds something, a copy of both is read.

    Raises:
        NotAStore, StoreTooNew, StoreError: it is not ours, or is damaged.
    """
    async with contextlib.AsyncExitStack() as opening:
        try:
            connection = await _connect(database)
        except StoreReadOnly:
            log = write_ahead_log(database)
            if log.exists() and log.stat().st_size:
                folder = opening.enter_context(tempfile.TemporaryDirectory())
                connection = await _connect(await to_thread.run_sync(_copy, database, Path(folder)))
            else:
                connection = await _connect(database, immutable=True)
        yield await opening.enter_async_context(contextlib.aclosing(connection))


async def _connect(database: Path, *, immutable: bool = False) -> Connection:
    connection = await connect_reader(database, immutable=immutable)
    try:
        await schema.require(connection, database)
    except BaseException:
        await connection.aclose()
        raise
    return connection


def _copy(database: Path, folder: Path) -> Path:
    for path in (database, write_ahead_log(database)):
        shutil.copyfile(path, folder / path.name)
    return folder / database.name
