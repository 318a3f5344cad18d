"""Reading runs' curves and files of a store behind a server; see `interface.Runs`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from functools import partial
from typing import Any

from anyio import to_thread

from ...entities import Buckets, File, Histories, History
from ...filter import DatasetFilter
from ...journal.plain import read
from .columns import unpack
from .connection import Connection
from .registry import RestRegistry


class RestStore:
    """A store behind a server."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.registry = RestRegistry(connection)

    async def running(self, run_ids: Sequence[str]) -> bool:
        """Return whether any of these runs has not ended."""
        return bool(await self._ask("running", run_ids=list(run_ids)))

    async def history(self, run_id: str, key: str, dataset: DatasetFilter | None, since: str | None = None) -> History:
        """Return a curve's points, or those since a cursor, sorted by step, then in the order logged."""
        cursor, columns = await self._columns("history", run_id=run_id, key=key, dataset=dataset, since=since)
        return _history(columns, cursor)

    async def histories(
        self, run_ids: Sequence[str], keys: Sequence[str] | None, since: str | None = None
    ) -> Histories:
        """Return the curves of many runs."""
        wanted = None if keys is None else list(keys)
        head, columns = await self._columns("histories", run_ids=list(run_ids), keys=wanted, since=since)
        curves = {
            (run_id, key): _history(columns[3 * place : 3 * place + 3], cursor)
            for place, (run_id, key, cursor) in enumerate(head["curves"])
        }
        return Histories(curves, head["cursor"])

    async def buckets(self, run_id: str, key: str, dataset: DatasetFilter | None, most: int) -> Buckets:
        """Return a curve in so many buckets, or fewer."""
        _, columns = await self._columns("buckets", run_id=run_id, key=key, dataset=dataset, most=most)
        return Buckets(**dict(zip((field.name for field in fields(Buckets)), columns, strict=True)))

    async def files(self, owner: str) -> list[File]:
        """Return the files of a run or a logged model, by path."""
        return list(read(tuple[File, ...], await self._ask("files", owner=owner)))

    async def aclose(self) -> None:
        """Let go of everything."""
        self.connection.close()

    async def _ask(self, what: str, **words: object) -> Any:  # noqa: ANN401  # any JSON
        return await to_thread.run_sync(partial(self.connection.ask, what, **words), abandon_on_cancel=True)

    async def _columns(self, what: str, **words: object) -> tuple[Any, list[Any]]:
        fetch = partial(self.connection.fetch, what, **words)
        return unpack(await to_thread.run_sync(fetch, abandon_on_cancel=True))


def _history(columns: Sequence[Any], cursor: str) -> History:
    steps, timestamps, values = columns
    return History(steps, timestamps, values, cursor)
