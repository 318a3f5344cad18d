"""What a run or a logged model needs of whoever made it, in sync code and in async code."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from anyio import to_thread

from ..entities import File, Level
from ..entities.records import RunAct
from ..errors import ModelNotFound, StoreUnavailable
from .engine import CLOSE_SECONDS, Engine
from .recorder import Recorder


class Desk(Protocol):
    """For sync code."""

    recorder: Recorder

    def flush(self, timeout: float) -> Level:
        """Wait until what this process has logged is stored, for at most so many seconds."""
        ...

    def files(self, owner: str) -> list[File]:
        """Return the files of a run or a logged model, by path."""
        ...

    def fetch(self, owner: str, target: Path) -> None:
        """Copy the files of a run or a logged model into a folder."""
        ...

    def carry_out(self, act: RunAct, what: str) -> None:
        """Carry out an act on what was logged until now, by whomever."""
        ...


class AsyncDesk(Protocol):
    """For async code."""

    recorder: Recorder

    async def flush(self, timeout: float) -> Level:  # noqa: ASYNC109  # it returns a level, and raises nothing
        """Wait until what this process has logged is stored, for at most so many seconds."""
        ...

    async def fetch(self, owner: str, target: Path) -> None:
        """Copy the files of a run or a logged model into a folder."""
        ...

    async def carry_out(self, act: RunAct, what: str) -> None:
        """Carry out an act on what was logged until now, by whomever."""
        ...


class EngineDesk:
    """An async one, in the event loop of its engine."""

    def __init__(self, engine: Engine) -> None:
        self.recorder = engine.recorder
        self._engine = engine

    async def flush(self, timeout: float) -> Level:  # noqa: ASYNC109  # it returns a level, and raises nothing
        """Wait until what this process has logged is stored, for at most so many seconds."""
        return await self._engine.writer.flush(timeout)

    async def files(self, owner: str) -> list[File]:
        """Return the files of a run or a logged model, by path.

        Raises:
            ModelNotFound: it was deleted, with them.
        """
        await self._engine.settle()
        files = await self._engine.store.files(owner)
        gone = set() if files else await to_thread.run_sync(self._engine.store.registry.deleted, [owner])
        if gone:
            raise ModelNotFound(owner)
        return files

    async def fetch(self, owner: str, target: Path) -> None:
        """Copy the files of a run or a logged model into a folder."""
        await to_thread.run_sync(self.recorder.artifacts.fetch, owner, await self.files(owner), target)

    async def carry_out(self, act: RunAct, what: str) -> None:
        """Carry out an act on what was logged until now, by whomever."""
        if not await self._engine.writer.catch_up(CLOSE_SECONDS):
            raise StoreUnavailable(f"{what} was not begun, since what was logged before is not stored yet; try again")
        await self._engine.carry_out([act], what)


class ThreadDesk:
    """An async one that calls a sync one in a worker thread."""

    def __init__(self, inner: Desk) -> None:
        self.recorder = inner.recorder
        self._inner = inner

    async def flush(self, timeout: float) -> Level:  # noqa: ASYNC109  # it returns a level, and raises nothing
        """Wait until what this process has logged is stored, for at most so many seconds."""
        return await to_thread.run_sync(self._inner.flush, timeout)

    async def fetch(self, owner: str, target: Path) -> None:
        """Copy the files of a run or a logged model into a folder."""
        await to_thread.run_sync(self._inner.fetch, owner, target)

    async def carry_out(self, act: RunAct, what: str) -> None:
        """Carry out an act on what was logged until now, by whomever."""
        await to_thread.run_sync(self._inner.carry_out, act, what)
