"""The SQLite store: one connection that writes, one that reads."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Self, TypeVar

import orjson
from anyio import to_thread

from ...entities import (
    Buckets,
    DatasetRef,
    Experiment,
    File,
    Histories,
    History,
    Measurement,
    ModelInfo,
    ModelVersion,
    RegisteredModel,
    RunInfo,
    RunLinks,
)
from ...entities.edits import Edit, UpdateRun
from ...filter import DatasetFilter, Subject
from ...journal import SENT, Position, stored_name
from ..batch import Batch
from ..interface import Found, Query, ToldT
from . import commits, curves, edits, merge, packing, plans, reads, registered, schema, search
from .connection import Connection, connect_reader, connect_writer
from .plain import transaction
from .rankable import SqliteRankable
from .reader import Reader
from .registry import SqliteRegistry
from .run_metrics import pack_runs

T = TypeVar("T")
_POSITIONS = "SELECT journal_id, part, position FROM journals WHERE journal_id < ?"
_FENCES = "SELECT run_id, fence FROM runs WHERE fence > 0"
_RECEIVED = """
SELECT journal_id, part, position FROM json_each(?) AS j CROSS JOIN journals ON journal_id = j.value
"""


class SqliteSearch:
    """Searching a file; from any thread."""

    def __init__(self, path: Path) -> None:
        self._reader = Reader(path)

    def experiments(self, query: Query) -> Found[Experiment]:
        """Return the experiments that match, in order."""
        with self._reader.snapshot() as connection:
            return search.search_experiments(connection, query)

    def runs(self, query: Query) -> Found[RunInfo]:
        """Return the runs that match, in order."""
        with self._reader.snapshot() as connection:
            return search.search_runs(connection, query)

    def models(self, query: Query) -> Found[ModelInfo]:
        """Return the logged models that match, in order."""
        with self._reader.snapshot() as connection:
            return search.search_models(connection, query)

    def registered_models(self, query: Query) -> Found[RegisteredModel]:
        """Return the registered models that match, in order."""
        with self._reader.snapshot() as connection:
            return registered.search_models(connection, query)

    def model_versions(self, query: Query) -> Found[ModelVersion]:
        """Return the versions of registered models that match, in order."""
        with self._reader.snapshot() as connection:
            return registered.search_versions(connection, query)

    def count(self, query: Query) -> int:
        """Count what matches, whatever the limit."""
        with self._reader.snapshot() as connection:
            return plans.count(connection, query)

    def experiment_ids(self) -> dict[str, str]:
        """Return the IDs of all experiments by their names."""
        with self._reader.snapshot() as connection:
            return search.experiment_ids(connection)

    def datasets(self, experiment_ids: Sequence[str] | None) -> list[DatasetRef]:
        """Return the datasets that these experiments' runs use or their models were measured on, by name."""
        with self._reader.snapshot() as connection:
            return search.datasets(connection, experiment_ids)

    def stage(self, run_id: str) -> tuple[str, str] | None:
        """Return a run's lifecycle stage, and its experiment's ID; None if there is no such run."""
        row = self._reader.row(search.STAGE, (run_id,))
        return None if row is None else (row[0], str(row[1]))

    def homes(self, subject: Subject, ids: Sequence[str]) -> dict[str, str]:
        """Return the experiments' IDs of runs or logged models, also deleted ones; what there is not is left out."""
        with self._reader.snapshot() as connection:
            return search.homes(connection, subject, ids)

    def origins(self, name: str | None = None) -> dict[str, set[str | None]]:
        """Return, by the names of registered models, the experiments that their versions come from."""
        with self._reader.snapshot() as connection:
            return registered.origins(connection, name)

    def links(self, run_ids: Sequence[str]) -> dict[str, RunLinks]:
        """Return what runs use and have made, by their IDs; a run of which nothing is known is left out."""
        with self._reader.snapshot() as connection:
            return search.links(connection, run_ids)

    def uses(self, experiment_ids: Sequence[str]) -> list[tuple[str, str, str, str]]:
        """Return the experiment, name, digest and context of each use of a dataset by active runs of experiments."""
        with self._reader.snapshot() as connection:
            return search.uses(connection, experiment_ids)

    def points_of(self, model_ids: Sequence[str]) -> dict[str, list[Measurement]]:
        """Return all that logged models were measured at, by their IDs."""
        with self._reader.snapshot() as connection:
            return search.points_of(connection, model_ids)

    def look(self, function: Callable[[sqlite3.Connection], T]) -> T:
        """Call a function with a connection that sees the store as it is now."""
        with self._reader.snapshot() as connection:
            return function(connection)

    @contextlib.contextmanager
    def rankable(self) -> Iterator[SqliteRankable]:
        """Look at the store as it is now, to rank what is in it."""
        with self._reader.snapshot() as connection:
            yield SqliteRankable(connection)

    def close(self) -> None:
        """Let go of the file."""
        self._reader.close()


class SqliteStore:
    """A store in one file; made by `open`."""

    def __init__(self, path: Path, reader: Connection) -> None:
        self.search = SqliteSearch(path)
        self.registry = SqliteRegistry(path)
        self._path = path
        self._reader = reader
        self._writer: Connection | None = None

    @classmethod
    async def open(cls, path: Path) -> Self:
        """Open a file that `create` has made.

        Raises:
            NotAStore: it is not ours.
            StoreTooNew: a newer version wrote it.
            StoreTooOld: an older version did, and `create` has not been called since.
        """
        reader = await connect_reader(path)
        try:
            await schema.require(reader, path)
        except BaseException:
            await reader.aclose()
            raise
        return cls(path, reader)

    @staticmethod
    async def create(path: Path) -> None:
        """Make the file and its tables if they are not there, or upgrade what an older version made.

        The caller holds the writer's lock.
        """
        writer = await connect_writer(path)
        try:
            await schema.prepare(writer, path)
        finally:
            await writer.aclose()

    async def journal_positions(self) -> dict[str, Position]:
        """Return how far each journal of this folder is folded in."""
        return _positions(await self._reader.rows(_POSITIONS, (SENT,)))

    async def received_positions(self, journal_ids: Collection[str]) -> dict[str, Position]:
        """Return how far clients' journals are stored, by their IDs; of one that nothing is stored of, nothing."""
        wanted = orjson.dumps([stored_name(each) for each in journal_ids]).decode()
        found: list[Any] = await self._reader.rows(_RECEIVED, (wanted,))
        return {name.removeprefix(SENT): Position(part, offset) for name, part, offset in found}

    async def fences(self) -> dict[str, int]:
        """Return the least token of each run that only some holders may log into."""
        return dict(await self._reader.rows(_FENCES))  # type: ignore[arg-type]  # by the schema

    async def commit(self, batch: Batch, positions: Mapping[str, Position], gone: Sequence[str]) -> None:
        """Write a batch in one transaction; the caller holds the writer's lock."""
        writer = await self._writing()
        await writer.call(_commit, batch, positions, gone)

    async def fold(self, read: Callable[[Mapping[str, Position], Mapping[str, int]], ToldT | None]) -> ToldT | None:
        """Commit what a function reads, in one thread; the caller holds the writer's lock."""
        if self._writer is not None:
            return await self._writer.call(_fold, read)
        # Who finds nothing need not open the file for writing.
        told = await to_thread.run_sync(self.search.look, lambda connection: read(*_folded(connection)))
        if told is not None:
            await self.commit(told.batch, told.positions, told.gone)
        return told

    async def edit(self, asked: Sequence[Edit]) -> list[object]:
        """Carry out edits in one transaction; the caller holds the writer's lock."""
        writer = await self._writing()
        return await writer.call(_edit, asked)

    async def running(self, run_ids: Sequence[str]) -> bool:
        """Return whether any of these runs has not ended."""
        return await reads.running(self._reader, run_ids)

    async def history(self, run_id: str, key: str, dataset: DatasetFilter | None, since: str | None = None) -> History:
        """Return a curve's points, or those since a cursor, sorted by step, then in the order logged."""
        return await curves.history(self._reader, run_id, key, dataset, since)

    async def histories(
        self, run_ids: Sequence[str], keys: Sequence[str] | None, since: str | None = None
    ) -> Histories:
        """Return the curves of many runs."""
        return await curves.histories(self._reader, run_ids, keys, since)

    async def buckets(self, run_id: str, key: str, dataset: DatasetFilter | None, most: int) -> Buckets:
        """Return a curve in so many buckets, or fewer."""
        return await curves.buckets(self._reader, run_id, key, dataset, most)

    async def files(self, owner: str) -> list[File]:
        """Return the files of a run or a logged model, by path."""
        return await reads.files(self._reader, owner)

    async def integrity(self) -> str:
        """Return SQLite's own verdict on the file: "ok", or what is wrong."""
        return str(await self._reader.value("PRAGMA integrity_check"))

    async def aclose(self) -> None:
        """Let go of everything; the caller holds the writer's lock if it can.

        The writing connection goes last: then it is the one that tidies the file up.
        """
        self.search.close()
        self.registry.close()
        await self._reader.aclose()
        if self._writer is not None:
            await self._writer.aclose()
            self._writer = None

    async def _writing(self) -> Connection:
        if self._writer is None:
            self._writer = await connect_writer(self._path)
        return self._writer


def _positions(rows: Iterable[Any]) -> dict[str, Position]:
    return {journal_id: Position(part, offset) for journal_id, part, offset in rows}


def _folded(connection: sqlite3.Connection) -> tuple[dict[str, Position], dict[str, int]]:
    return _positions(connection.execute(_POSITIONS, (SENT,))), dict(connection.execute(_FENCES).fetchall())


def _fold(
    connection: sqlite3.Connection, read: Callable[[Mapping[str, Position], Mapping[str, int]], ToldT | None]
) -> ToldT | None:
    told = read(*_folded(connection))
    if told is not None:
        _commit(connection, told.batch, told.positions, told.gone)
    return told


def _commit(
    connection: sqlite3.Connection, batch: Batch, positions: Mapping[str, Position], gone: Sequence[str]
) -> None:
    touched = commits.commit(connection, batch, positions, gone)
    if batch.ended_runs:
        merge.merge_runs(connection, orjson.dumps(batch.ended_runs))
    merge.merge_overdue(connection)
    packing.pack(connection, touched)


def _edit(connection: sqlite3.Connection, asked: Sequence[Edit]) -> list[object]:
    answers = edits.carry_out(connection, asked)
    ended = [each.run_id for each in asked if isinstance(each, UpdateRun) and each.end_time is not None]
    if ended:
        with transaction(connection):
            pack_runs(connection, ended)
        merge.merge_runs(connection, orjson.dumps(ended))
    return answers
