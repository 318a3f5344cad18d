"""The checkpoint that an earlier attempt left."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager

import tracker
from tracker import AsyncLoggedModel, LoggedModel

from ..trial import Assignment


class Earlier:
    """What is there to resume from; the store is opened for it when it is first asked for."""

    def __init__(self, assignment: Assignment) -> None:
        self._store = assignment.store
        self._model_id = assignment.resume_from
        self._model: LoggedModel | None = None
        self._opened = ExitStack()

    def model(self) -> LoggedModel | None:
        """Return the checkpoint, which can be read until this is closed; None if there is none."""
        if self._model is None and self._model_id is not None:
            store = self._opened.enter_context(tracker.open(self._store, create=False))
            self._model = store.get_logged_model(self._model_id)
        return self._model

    def close(self) -> None:
        """Let go of the store."""
        self._opened.close()


@asynccontextmanager
async def earlier_model(assignment: Assignment) -> AsyncIterator[AsyncLoggedModel | None]:
    """Return the checkpoint, which can be read within the block; None if there is none."""
    if assignment.resume_from is None:
        yield None
        return
    async with tracker.connect(assignment.store, create=False) as store:
        yield await store.get_logged_model(assignment.resume_from)
