"""Examine a store: what is in it, what waits, who uses it, and whether all of it is whole."""

from __future__ import annotations

import contextlib
import os
import platform
import sqlite3
from dataclasses import dataclass, field
from pathlib import Path

from anyio import to_thread

from ..artifacts import LocalArtifacts
from ..client.engine import opened
from ..client.folder import StoreFolder
from ..errors import NotAStore, StoreError, StoreTooNew
from ..journal import Position
from ..store.sqlite import holders, upkeep
from ..store.sqlite.connection import Connection
from ..store.sqlite.upkeep import Contents, Fault
from ..system import find_mount, held_locks, is_alive, is_network, locks_on
from ..writer import WriterLock
from . import journals
from .journals import JournalPart, OtherFile
from .reading import reading

# The first release whose WAL cannot be corrupted by two connections that checkpoint at once.
_WAL_FIXED = (3, 51, 3)


@dataclass(frozen=True, slots=True)
class Place:
    """Where the store lies; the file system is "" where it cannot be told."""

    file_system: str
    source: str
    network: bool
    read_only: bool


@dataclass(frozen=True, slots=True)
class Versions:
    """What works on it."""

    tracker: str
    python: str
    sqlite: str
    sqlite_wal_bug: str


@dataclass(frozen=True, slots=True)
class Use:
    """Which processes use it, by their IDs.

    `writer` holds the writer's lock just now, `last_writer` is who held it last. `foreign_writers` lock the database
    though they do not hold that lock, so they are no trackers.
    """

    writer: int | None
    last_writer: int | None
    last_writer_lives: bool
    open_in: list[int]
    foreign_writers: list[int]


@dataclass(frozen=True, slots=True)
class Waiting:
    """Journals before anything was folded in, and how many bytes are left; `not_folded` says why nothing was."""

    found: list[JournalPart]
    pending_bytes_found: int
    pending_bytes_left: int
    dead_bytes_left: int
    not_folded: str
    damaged: list[OtherFile]


@dataclass(slots=True)
class Checks:
    """What is wrong, by where it was looked for; `unreadable` is why nothing could be looked at."""

    unreadable: str = ""
    integrity: list[str] = field(default_factory=list)
    foreign_keys: list[str] = field(default_factory=list)
    curves: list[Fault] = field(default_factory=list)
    scores: list[Fault] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    deep: bool = False


@dataclass(frozen=True, slots=True)
class Sizes:
    """Bytes on the disk."""

    database_bytes: int
    wal_bytes: int
    journal_bytes: int
    artifact_bytes: int
    artifact_files: int


@dataclass(frozen=True, slots=True)
class Checkup:
    """All that was found."""

    store: Path
    place: Place
    versions: Versions
    waiting: Waiting
    use: Use
    checks: Checks
    sizes: Sizes
    contents: Contents | None


async def examine(folder: StoreFolder, version: str, *, deep: bool = False) -> Checkup:
    """Examine a store: first what waits, then, once that is folded in, everything else.

    Nothing is changed but that: who uses the store meanwhile goes on. With `deep` all files are read too.

    Raises:
        StoreNotFound, NotAStore, StoreTooNew, NetworkFileSystem: by what is at the place.
    """
    folder.require()
    found = journals.parts(folder.journals, await _positions(folder))
    place, use = _place(folder), _use(folder)
    not_folded = "the folder may only be read" if place.read_only else await _fold(folder)
    left = journals.parts(folder.journals, await _positions(folder))
    waiting = Waiting(
        found,
        sum(part.pending for part in found),
        sum(part.pending for part in left),
        sum(part.pending for part in left if not part.owner_lives),
        not_folded,
        journals.damaged(folder.journals),
    )
    contents, checks = await _check(folder, deep=deep)
    return Checkup(folder.path, place, _versions(version), waiting, use, checks, await _sizes(folder), contents)


async def _positions(folder: StoreFolder) -> dict[str, Position]:
    with contextlib.suppress(StoreError):
        async with reading(folder.database) as connection:
            found = await connection.rows("SELECT journal_id, part, position FROM journals")
            return {journal: Position(part, offset) for journal, part, offset in found}  # type: ignore[misc,arg-type]
    return {}


async def _fold(folder: StoreFolder) -> str:
    """Fold in what waits, as any opening does; return why that was not possible, "" if it was."""
    try:
        async with opened(folder, create=False):
            return ""
    except StoreError as problem:
        return str(problem)


def _place(folder: StoreFolder) -> Place:
    mount = find_mount(folder.path)
    places = [folder.path, folder.database, *([folder.journals] if folder.journals.exists() else [])]
    read_only = not all(os.access(path, os.W_OK) for path in places)
    return Place(
        mount.kind if mount else "", mount.source if mount else "", bool(mount and is_network(mount)), read_only
    )


def _versions(version: str) -> Versions:
    affected = sqlite3.sqlite_version_info < _WAL_FIXED
    bug = "in this version; avoided, as one connection writes at a time" if affected else "fixed in this version"
    return Versions(version, platform.python_version(), sqlite3.sqlite_version, bug)


def _use(folder: StoreFolder) -> Use:
    # Looked at once, so that who has just begun to write is in both or in neither.
    held = held_locks()
    holding = {lock.process for lock in locks_on(folder.lock, held)}
    last = WriterLock(folder.lock).holder()
    return Use(
        min(holding, default=None),
        last,
        last is not None and is_alive(last),
        sorted(holders.users(folder.database, held)),
        sorted(holders.writers(folder.database, held) - holding),
    )


async def _check(folder: StoreFolder, *, deep: bool) -> tuple[Contents | None, Checks]:
    checks, contents = Checks(deep=deep), None
    try:
        async with reading(folder.database) as connection:
            checks.integrity = await upkeep.integrity(connection)
            contents = await upkeep.contents(connection)
            checks.foreign_keys = await upkeep.foreign_keys(connection)
            checks.curves = await upkeep.check_curves(connection) + await upkeep.check_summaries(connection)
            checks.scores = await upkeep.check_scores(connection)
            checks.files = await _check_files(connection, LocalArtifacts(folder.artifacts), deep=deep)
    except StoreTooNew:
        raise
    except NotAStore:
        # Where journals lie beside it, it was a store; else it is something else, and nothing is wrong with it.
        if not folder.journals.exists():
            raise
        checks.unreadable = f"{folder.database.name} is not a SQLite file of ours any more"
    except StoreError as problem:
        checks.unreadable = str(problem)
    return contents, checks


async def _check_files(connection: Connection, artifacts: LocalArtifacts, *, deep: bool) -> list[str]:
    found = []
    async for owner, file in upkeep.all_files(connection):
        problem = await to_thread.run_sync(lambda each, to: artifacts.check(to, each, deep=deep), file, owner)
        if problem:
            found.append(f"{owner}: file {file.path!r} {problem}")
    return found


async def _sizes(folder: StoreFolder) -> Sizes:
    kept = await to_thread.run_sync(lambda: list(LocalArtifacts(folder.artifacts).kept()))
    return Sizes(
        _size(folder.database),
        _size(holders.write_ahead_log(folder.database)),
        sum(_size(path) for path in folder.journals.iterdir()) if folder.journals.is_dir() else 0,
        sum(_size(each.place) for each in kept),
        len(kept),
    )


def _size(path: Path) -> int:
    try:
        return path.lstat().st_size
    except FileNotFoundError:
        return 0
