"""Read what is no curve: which runs go on, files, datasets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from ...entities import File
from .connection import Connection

_RUNNING = """
SELECT count(*) FROM runs WHERE end_time IS NULL AND run_id IN (SELECT value FROM json_each(?))
"""
_FILES = "SELECT path, size, sha256 FROM files WHERE owner = ? ORDER BY path"

Row = tuple[Any, ...]


async def running(connection: Connection, run_ids: Sequence[str]) -> bool:
    """Return whether any of these runs has not ended."""
    return bool(await connection.value(_RUNNING, (orjson.dumps(run_ids).decode(),)))


async def files(connection: Connection, owner: str) -> list[File]:
    """Return the files of a run or a logged model, by path."""
    found: list[Row] = await connection.rows(_FILES, (owner,))
    return [File(*row) for row in found]
