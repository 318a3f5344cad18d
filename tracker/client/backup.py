"""Copy a store while programs go on logging into it.

The copy is made aside, as `DEST.new`, and gets its name when all of it is on the disk: so `DEST` is whole, or not
there. What a backup that was killed has left aside, the next one to the same place replaces.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import anyio
from anyio import to_thread

from ..artifacts import LocalArtifacts
from ..entities import File
from ..errors import ArtifactDamaged, BackupFailed, InvalidInput, StoreError
from ..store.sqlite import upkeep
from ..store.sqlite.connection import connect_reader
from ..system import sync_file, sync_folder
from .engine import CLOSE_SECONDS, LocalEngine
from .folder import StoreFolder

SUFFIX = ".new"
# What lies in the folder while it is filled; another one is not ours to replace.
_OURS = {"tracker.db", "tracker.db-journal", "artifacts", "journals"}
# When a file is looked at again that a program is replacing at the same time, in seconds.
_WAITS = (0.0, 0.1, 0.3, 1.0)


@dataclass(frozen=True, slots=True)
class Backup:
    """A copy that was made: where, how large, and the files that were damaged in the store itself.

    `caught_up` is false if something that was logged before could not be folded in in time, and so is not in it.
    """

    path: Path
    database_bytes: int
    files: int
    file_bytes: int
    damaged: tuple[str, ...]
    caught_up: bool


async def back_up(engine: LocalEngine, destination: str | os.PathLike[str], *, link: bool = False) -> Backup:
    """Copy a store, with everything that is stored by now, into a new folder, which is a store then.

    Files are checked against their SHA-256 on the way. With `link` they are the same files by another name where
    the disk is the same, which takes no time and no room; they are never changed in place.

    Raises:
        InvalidInput: there is something at the destination already, or it lies in the store.
        BackupFailed: the disk is full, say; nothing is at the destination then.
    """
    target = _free_place(destination, engine.path)
    caught_up = await engine.writer.catch_up(CLOSE_SECONDS)
    copying = _Copying(engine, target, link=link)
    try:
        with _aside(target) as aside:
            await copying.fill(StoreFolder(aside))
            await to_thread.run_sync(_give_its_name, aside, target)
    except (OSError, StoreError) as problem:
        if isinstance(problem, BackupFailed):
            raise
        raise BackupFailed(target, _reason(problem)) from problem
    return Backup(
        target,
        StoreFolder(target).database.stat().st_size,
        copying.files,
        copying.file_bytes,
        tuple(copying.damaged),
        caught_up,
    )


class _Copying:
    """One backup under way, and what it has found."""

    def __init__(self, engine: LocalEngine, target: Path, *, link: bool) -> None:
        self._engine = engine
        self._target = target
        self._link = link
        self._from = LocalArtifacts(engine.folder.artifacts)
        self._amended: dict[str, list[File]] = {}
        self._deleted: set[str] = set()
        self.files = 0
        self.file_bytes = 0
        self.damaged: list[str] = []

    async def fill(self, aside: StoreFolder) -> None:
        """Fill the folder: the database first, as it says which files there are."""
        for folder in (aside.artifacts, aside.journals):
            folder.mkdir(mode=0o700)
        async with contextlib.aclosing(await connect_reader(self._engine.folder.database)) as connection:
            await upkeep.copy_into(connection, aside.database)
        there = LocalArtifacts(aside.artifacts)
        async with contextlib.aclosing(await connect_reader(aside.database, immutable=True)) as connection:
            async for owner, file in upkeep.all_files(connection):
                await self._copy(there, owner, file)
        if self._amended:
            await to_thread.run_sync(upkeep.amend_files, aside.database, self._amended)
        if self._deleted:
            await to_thread.run_sync(upkeep.forget_models, aside.database, self._deleted)
            await to_thread.run_sync(self._forget_files, there)

    async def _copy(self, there: LocalArtifacts, owner: str, file: File) -> None:
        """Copy one file; if a program is replacing it, the newer one, once that is stored; of a deleted model none."""
        logged = file
        if owner in self._deleted:
            return
        for wait in (*_WAITS, None):
            problem = await to_thread.run_sync(self._try, there, owner, file)
            if not problem:
                self._note(owner, file, logged)
                return
            if wait is None or not self._from.is_new(owner, file):
                break
            await anyio.sleep(wait)
            file = await self._newest(owner, file)
        deleted = await to_thread.run_sync(lambda: self._engine.store.registry.deleted([owner]))
        self._deleted |= deleted
        if not deleted:
            self.damaged.append(problem)

    def _try(self, there: LocalArtifacts, owner: str, file: File) -> str:
        try:
            self._from.copy_to(there, owner, file, link=self._link)
        except ArtifactDamaged as problem:
            return str(problem)
        return ""

    def _note(self, owner: str, file: File, logged: File) -> None:
        self.files += 1
        self.file_bytes += file.size
        if file != logged:
            self._amended.setdefault(owner, []).append(file)

    def _forget_files(self, there: LocalArtifacts) -> None:
        """Remove what was copied of models before they were deleted."""
        for owner in self._deleted:
            sizes = [path.stat().st_size for path in there.path(owner).rglob("*") if path.is_file()]
            self.files -= len(sizes)
            self.file_bytes -= sum(sizes)
            there.remove(owner)

    async def _newest(self, owner: str, file: File) -> File:
        await self._engine.writer.catch_up(CLOSE_SECONDS)
        return next((each for each in await self._engine.store.files(owner) if each.path == file.path), file)


def _free_place(destination: str | os.PathLike[str], store: Path) -> Path:
    target = Path(destination).expanduser().absolute()
    if os.path.lexists(target):
        raise InvalidInput(f"{target} exists already; name a folder that does not")
    if target.resolve().is_relative_to(store.resolve()):
        raise InvalidInput(f"{target} is inside the store; name a folder outside of it")
    return target


@contextlib.contextmanager
def _aside(target: Path) -> Iterator[Path]:
    """Give an empty folder beside the target, locked; it is removed unless it has got its name."""
    aside = target.with_name(target.name + SUFFIX)
    aside.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        aside.mkdir(mode=0o700)
    folder = os.open(aside, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        _take(folder, aside, target)
        try:
            yield aside
        except BaseException:
            shutil.rmtree(aside, ignore_errors=True)
            raise
    finally:
        os.close(folder)


def _take(folder: int, aside: Path, target: Path) -> None:
    """Lock the folder and empty it of what a backup before has left."""
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise BackupFailed(target, "another backup is being made there") from None
    # Another one may have given it its name in between.
    if not aside.exists() or not os.path.samestat(os.fstat(folder), aside.stat()):
        raise BackupFailed(target, "another backup was made there meanwhile")
    entries = list(aside.iterdir())
    others = sorted({entry.name for entry in entries} - _OURS)
    if others:
        raise InvalidInput(f"{aside} is in the way: it holds other files ({others[0]}); name another folder")
    for entry in entries:
        shutil.rmtree(entry) if entry.is_dir() else entry.unlink()


def _give_its_name(aside: Path, target: Path) -> None:
    sync_file(StoreFolder(aside).database)
    for folder, _, _ in os.walk(aside, topdown=False):
        sync_folder(Path(folder))
    if os.path.lexists(target):
        raise BackupFailed(target, "something has come to be there meanwhile")
    aside.rename(target)
    sync_folder(target.parent)


def _reason(problem: OSError | StoreError) -> str:
    if not isinstance(problem, OSError):
        return str(problem).partition("; what was logged")[0]
    place = f" ({problem.filename})" if problem.filename else ""
    return f"{problem.strerror or problem}{place}"
