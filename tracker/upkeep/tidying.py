"""Look for what nobody needs any more, and remove it."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import anyio
from anyio import to_thread

from ..artifacts import LocalArtifacts, staging
from ..client.engine import opened
from ..client.folder import StoreFolder
from ..errors import StoreError, StoreUnavailable
from ..journal import Position
from ..store.sqlite import upkeep
from ..store.sqlite.connection import Connection, connect_reader, connect_writer
from ..store.sqlite.holders import write_ahead_log
from ..system import is_locked, milliseconds, process_name
from ..writer import WriterLock
from . import journals
from .leftovers import Facts, Kind, Piece, Plan, plan

# How long another process's writing is waited for, in seconds, and how often to look.
_WAIT = 10.0
_TURN = 0.02
# What is in the making for longer than this, unlocked, was left by a dead process, in seconds.
_UNLOCKED_SECONDS = 60.0


@dataclass(slots=True)
class Tidied:
    """What was freed, or would be, by kind: how many things and bytes; and what was left alone, or could not go."""

    store: Path
    dry_run: bool
    freed: dict[Kind, tuple[int, int]] = field(default_factory=dict)
    paths: dict[Kind, list[Path]] = field(default_factory=dict)
    left_alone: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    @property
    def bytes(self) -> int:
        """All bytes."""
        return sum(size for _, size in self.freed.values())


async def tidy(folder: StoreFolder, *, dry_run: bool = False, damaged: bool = False) -> Tidied:
    """Remove what nobody needs any more; with `dry_run` only say what that is.

    What waits in journals is folded in first, as at any opening. Then the writer's lock is held, so that nothing
    comes into the store meanwhile; who logs goes on logging.

    Raises:
        StoreNotFound, NotAStore, StoreTooNew, StoreReadOnly: by what is at the place.
        StoreUnavailable: another process writes and does not end.
    """
    async with opened(folder, create=False):
        pass
    done = Tidied(folder.path, dry_run)
    async with _writing(folder):
        async with contextlib.aclosing(await connect_reader(folder.database)) as reader:
            made = plan(await _facts(folder, reader), damaged=damaged)
        done.left_alone = made.left_alone
        if dry_run:
            _foresee(made, done)
        else:
            await to_thread.run_sync(_remove, made, done)
            await _shrink(folder, made, done)
    return done


@contextlib.asynccontextmanager
async def _writing(folder: StoreFolder) -> AsyncIterator[None]:
    lock, until = WriterLock(folder.lock), anyio.current_time() + _WAIT
    while True:
        with lock.held() as held:
            if held:
                yield
                return
        if anyio.current_time() > until:
            writer = lock.holder()
            who = f"process {process_name(writer)}" if writer else "another process"
            raise StoreUnavailable(f"{who} is writing to {folder.path} and does not end; try again when it has")
        await anyio.sleep(_TURN)


async def _facts(folder: StoreFolder, reader: Connection) -> Facts:
    async with upkeep.snapshot(reader):
        named = {(owner, file.path) async for owner, file in upkeep.all_files(reader)}
        failed = await upkeep.failed_models(reader)
        deleted = await upkeep.deleted_models(reader)
        found = await reader.rows("SELECT journal_id, part, position FROM journals")
    positions = {str(journal): Position(part, offset) for journal, part, offset in found}  # type: ignore[arg-type]
    free = await upkeep.free_bytes(reader)
    parts = journals.parts(folder.journals, positions)
    artifacts = LocalArtifacts(folder.artifacts)
    return Facts(
        staged=await to_thread.run_sync(lambda: list(_staged(artifacts.staging))),
        unfinished=await to_thread.run_sync(lambda: list(_unfinished(folder))),
        kept=await to_thread.run_sync(lambda: list(_kept(artifacts))),
        damaged=[_piece(folder.journals / each.file) for each in journals.damaged(folder.journals)],
        named=named,
        failed=failed,
        deleted=deleted,
        journals_in_use=sum(part.owner_lives for part in parts),
        pending_bytes=sum(part.pending for part in parts),
        log_bytes=_bytes(write_ahead_log(folder.database)),
        free_bytes=free,
    )


def _staged(aside: Path) -> Iterator[Piece]:
    for path in staging.staged(aside):
        piece = _piece(path)
        yield Piece(path, piece.bytes, piece.age_seconds, is_locked(path) or piece.age_seconds < _UNLOCKED_SECONDS)


def _unfinished(folder: StoreFolder) -> Iterator[Piece]:
    # Whoever makes a new store holds the lock that we hold now.
    for path in sorted(folder.path.glob("tracker.new*")):
        yield _piece(path)
    for path in journals.abandoned(folder.journals, _UNLOCKED_SECONDS):
        yield _piece(path)


def _kept(artifacts: LocalArtifacts) -> Iterator[Piece]:
    for each in artifacts.kept():
        piece = _piece(each.place)
        yield Piece(each.place, piece.bytes, piece.age_seconds, owner=each.owner, name=each.path)


def _piece(path: Path) -> Piece:
    """Look at a file, or a folder with everything in it; its age is since it came to its place or was changed."""
    try:
        changed = path.lstat().st_ctime
    except FileNotFoundError:
        return Piece(path, 0, 0.0)
    return Piece(path, _bytes(path), max(0.0, milliseconds() / 1000 - changed))


def _bytes(path: Path) -> int:
    if path.is_dir() and not path.is_symlink():
        return sum(_bytes(Path(place, name)) for place, _, names in os.walk(path) for name in names)
    try:
        return path.lstat().st_size
    except FileNotFoundError:
        return 0


def _foresee(made: Plan, done: Tidied) -> None:
    for kind, pieces in made.pieces.items():
        _note(done, kind, pieces)
    _note_bytes(done, Kind.LOG, made.log_bytes)
    _note_bytes(done, Kind.PAGES, made.free_bytes)


def _remove(made: Plan, done: Tidied) -> None:
    for kind, pieces in made.pieces.items():
        removed = []
        for piece in pieces:
            try:
                if _removed(kind, piece):
                    removed.append(piece)
            except OSError as problem:
                done.failures.append(f"{piece.path}: {problem.strerror or problem}")
        _note(done, kind, removed)


def _removed(kind: Kind, piece: Piece) -> bool:
    """Remove a file or folder, unless a process has come to use it; return whether it is gone."""
    if kind is Kind.STAGED:
        return staging.remove_abandoned(piece.path)
    if piece.path.is_dir() and not piece.path.is_symlink():
        shutil.rmtree(piece.path)
    else:
        piece.path.unlink(missing_ok=True)
    if piece.owner:
        _remove_empty(piece.path.parent, piece.owner)
    return True


def _remove_empty(folder: Path, owner: str) -> None:
    """Remove folders that have become empty, up to the owner's own."""
    with contextlib.suppress(OSError):
        folder.rmdir()
        if folder.name != owner:
            _remove_empty(folder.parent, owner)


async def _shrink(folder: StoreFolder, made: Plan, done: Tidied) -> None:
    before, log = _bytes(folder.database), write_ahead_log(folder.database)
    try:
        async with contextlib.aclosing(await connect_writer(folder.database)) as writer:
            if made.free_bytes:
                await upkeep.shrink(writer)
            await upkeep.truncate_log(writer)
            left = _bytes(log)
    except StoreError as problem:
        done.failures.append(str(problem))
        return
    _note_bytes(done, Kind.LOG, made.log_bytes - left)
    if made.free_bytes:
        _note_bytes(done, Kind.PAGES, before - _bytes(folder.database))


def _note(done: Tidied, kind: Kind, pieces: list[Piece]) -> None:
    if pieces:
        done.freed[kind] = (len(pieces), sum(piece.bytes for piece in pieces))
        done.paths[kind] = [piece.path for piece in pieces]


def _note_bytes(done: Tidied, kind: Kind, size: int) -> None:
    if size > 0:
        done.freed[kind] = (1, size)
