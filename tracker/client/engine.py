"""What stands behind a client: store, writer, journal and files, opened and closed together."""

from __future__ import annotations

import contextlib
import logging
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from pathlib import Path
from typing import TypeVar

import anyio

from ..entities import ModelInfo
from ..entities.edits import Edit
from ..entities.records import Act
from ..errors import NotAllowed, NotFound, StoreReadOnly, StoreTooOld, StoreUnavailable
from ..filter import DatasetFilter
from ..journal import JournalFolder
from ..store.interface import Reads
from ..store.sqlite import SqliteStore
from ..system import sync_folder
from ..writer import JournalKeeper, Writer, WriterLock
from .folder import StoreFolder
from .recorder import Recorder
from .registry import RegistrySearches

# How long closing waits for what was logged to be stored, in seconds.
CLOSE_SECONDS = 10.0
_TURN = 0.01
# Acts that a store carries out in a second, at the least.
_ACTS = 1000

log = logging.getLogger("tracker")

Model = TypeVar("Model")


class Engine(ABC):
    """An open store of any kind."""

    def __init__(self, path: Path, store: Reads, writer: JournalKeeper, recorder: Recorder) -> None:
        self.path = path
        self.store = store
        self.writer = writer
        self.recorder = recorder

    @abstractmethod
    def searches(self, model: Callable[[ModelInfo, DatasetFilter | None], Model]) -> RegistrySearches[Model]:
        """Return what searches it; `model` makes what is given out of a logged model's facts."""

    @abstractmethod
    async def edit(self, edit: Edit) -> object:
        """Carry out an edit; what another program has said and nobody has stored yet counts.

        Raises:
            TrackerError: it is refused, or the store cannot be written just now.
        """

    @property
    def is_settled(self) -> bool:
        """Whether what this process logged is known to be visible to its own reading."""
        return self.writer.is_settled

    async def settle(self) -> None:
        """Make what this process logged visible to its own reading."""
        if not self.is_settled:
            await self.writer.flush(CLOSE_SECONDS)

    async def carry_out(self, acts: Sequence[Act], what: str) -> None:
        """Log acts, and wait until they were carried out.

        Raises:
            StoreUnavailable: they wait in the journal, since the store cannot be written just now.
            NotAllowed: a server refuses them.
        """
        before = self.writer.refusal
        for act in acts:
            self.recorder.record(act)
        if acts and not await self.writer.stored(CLOSE_SECONDS + len(acts) / _ACTS):
            raise StoreUnavailable(f"{what} waits in the journal until the store can be written; see tracker doctor")
        refusal = self.writer.refusal
        if refusal is not None and refusal is not before:
            raise NotAllowed(f"{what} is refused: {refusal.reason}")


class LocalEngine(Engine):
    """An open store in a folder; made by `opened`."""

    store: SqliteStore
    writer: Writer

    def __init__(self, folder: StoreFolder, store: SqliteStore, writer: Writer, recorder: Recorder) -> None:
        super().__init__(folder.path, store, writer, recorder)
        self.folder = folder

    def searches(self, model: Callable[[ModelInfo, DatasetFilter | None], Model]) -> RegistrySearches[Model]:
        """Return what searches it; `model` makes what is given out of a logged model's facts."""
        return RegistrySearches(self.store.search, self.store.registry, model)

    async def edit(self, edit: Edit) -> object:
        """Carry out an edit; what another program has said and nobody has stored yet counts.

        Raises:
            TrackerError: it is refused, or the store cannot be written just now.
        """
        try:
            return await self.writer.edit(edit, CLOSE_SECONDS)
        except NotFound:
            if not await self.writer.catch_up(CLOSE_SECONDS):
                raise
            return await self.writer.edit(edit, CLOSE_SECONDS)


@contextlib.asynccontextmanager
async def opened(folder: StoreFolder, *, create: bool, recorder: Recorder | None = None) -> AsyncIterator[LocalEngine]:
    """Open a store, fold in what earlier processes left, and go on folding in the background.

    Raises:
        StoreNotFound, NotAStore, StoreTooNew, StoreReadOnly: by what is at the place.
    """
    folder.prepare() if create else folder.require()
    lock = WriterLock(folder.lock)
    if create:
        await _create(folder, lock)
    store = await _open(folder, lock)
    recorder = recorder or Recorder.at(folder)
    writer = Writer(store, JournalFolder(folder.journals), recorder.journal, lock)
    try:
        try:
            await writer.drain()
        except StoreUnavailable as problem:
            log.warning("%s; what was logged waits in the journal", problem)
        async with background(writer.run):
            yield LocalEngine(folder, store, writer, recorder)
    finally:
        with anyio.CancelScope(shield=True):
            await writer.aclose(CLOSE_SECONDS)


@contextlib.asynccontextmanager
async def background(task: Callable[[], Coroutine[object, object, None]]) -> AsyncIterator[None]:
    """Run a task beside the body; what the body raises stays as it is, in no exception group."""
    tasks = anyio.create_task_group()
    await tasks.__aenter__()
    tasks.start_soon(task)
    try:
        yield
    finally:
        tasks.cancel_scope.cancel()
        await tasks.__aexit__(None, None, None)


async def _create(folder: StoreFolder, lock: WriterLock) -> None:
    """Make the file aside and give it its name when it is whole, so that whoever sees it may open it."""
    aside = folder.database.with_suffix(".new")
    while not folder.database.exists():
        with lock.held() as held:
            if held and not folder.database.exists():
                await SqliteStore.create(aside)
                aside.rename(folder.database)
                # What is stored must not vanish with its name at a power failure.
                sync_folder(folder.path)
        # Another process may be making the same store; its turn is short.
        await anyio.sleep(0 if held else _TURN)


async def _open(folder: StoreFolder, lock: WriterLock) -> SqliteStore:
    """Open the file; one that an older version wrote is upgraded first."""
    try:
        return await SqliteStore.open(folder.database)
    except StoreTooOld as outdated:
        try:
            await _upgrade(folder, lock)
        except StoreReadOnly as problem:
            raise StoreTooOld(outdated.path, outdated.found, outdated.needed, problem.reason) from problem
    return await SqliteStore.open(folder.database)


async def _upgrade(folder: StoreFolder, lock: WriterLock) -> None:
    while True:
        with lock.held() as held:
            if held:
                return await SqliteStore.create(folder.database)
        # Another process may be upgrading the same store, or folding in journals.
        await anyio.sleep(_TURN)
