"""Log into runs that another process has started, without opening the store."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from ..entities import File, Level
from ..entities.records import RunAct
from .blocking import Tracker, open_tracker
from .desk import ThreadDesk
from .folder import StoreFolder
from .place import place_of
from .recorder import Recorder
from .run import AsyncRun, Run
from .values import token_of
from .watching import Watch


class DetachedDesk:
    """A desk without a store: whoever started the runs folds this process's journal in.

    So a trial costs no database connection; what needs one opens it for the moment.
    """

    def __init__(self, recorder: Recorder) -> None:
        self.recorder = recorder

    def flush(self, timeout: float) -> Level:
        """Wait until what this process has logged is stored, for at most so many seconds."""
        with self.opened() as tracker:
            return tracker.flush(timeout)

    def files(self, owner: str) -> list[File]:
        """Return the files of a run or a logged model, by path."""
        with self.opened() as tracker:
            return tracker.call(tracker.inner.desk.files, owner)

    def fetch(self, owner: str, target: Path) -> None:
        """Copy the files of a run or a logged model into a folder."""
        with self.opened() as tracker:
            tracker.download(owner, target)

    def carry_out(self, act: RunAct, what: str) -> None:
        """Carry out an act on what was logged until now, by whomever."""
        with self.opened() as tracker:
            tracker.call(tracker.inner.desk.carry_out, act, what)

    def opened(self) -> Tracker:
        """Open the store; close it soon."""
        return open_tracker(self.recorder.store, recorder=self.recorder)


class Attachment:
    """This process's end of another process's store; made by `attach`."""

    def __init__(self, recorder: Recorder) -> None:
        self._desk = DetachedDesk(recorder)

    def run(self, run_id: str, experiment: str = "", params: Mapping[str, object] | None = None) -> Run:
        """Return a run that was started elsewhere."""
        return Run(self._desk, run_id, experiment, params or {})

    def async_run(self, run_id: str, experiment: str = "", params: Mapping[str, object] | None = None) -> AsyncRun:
        """Return a run that was started elsewhere, for async code."""
        return AsyncRun(ThreadDesk(self._desk), run_id, experiment, params or {})

    def close(self) -> None:
        """Let go of the journal."""
        self._desk.recorder.journal.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def attach(store: str | os.PathLike[str] | None = None, *, watch: Watch | None = None, token: int = 0) -> Attachment:
    """Attach to a store that another process has open.

    Args:
        store: its folder or its server's URL, else `TRACKER_STORE`, else `./tracker-store`.
        watch: called with (run ID, metrics, step, model ID) right after metrics were logged through this attachment,
            by `log` and `log_batch` of runs, with a model ID of None, and by `log` of logged models, in the thread
            that logs; of a batch with the last row only. What it raises, whoever logs gets.
        token: by which runs know who holds them; what is logged into a run whose fence is greater is refused when it
            would be stored (see `Run.fence`).

    Raises:
        StoreNotFound, NotAStore: there is no store in that folder.
        InvalidInput: the token is no whole number from 0 on.
    """
    place = place_of(store)
    place.require() if isinstance(place, StoreFolder) else place.prepare()
    return Attachment(Recorder.at(place, watch=watch, token=token_of(token)))
