"""What a trial's function is called with."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING

from ..errors import TrialPruned
from ..trial import Assignment
from .earlier import Earlier
from .logbook import Line

if TYPE_CHECKING:
    from tracker import AsyncLoggedModel, AsyncRun, DatasetInfo, LoggedModel, Run

Save = Callable[..., object] | str | os.PathLike[str]


class _Trial:
    def __init__(self, assignment: Assignment, line: Line) -> None:
        self._line = line
        self.number = assignment.number
        self.params: Mapping[str, object] = assignment.params
        self.seed = assignment.seed
        self.attempt = assignment.attempt

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.number} {dict(self.params)}>"

    def _obey(self) -> None:
        """Raise if the trial was told to stop; what it logs, its line has passed on."""
        if self._line.stopping:
            raise TrialPruned


class Trial(_Trial):
    """One trial of a sweep.

    `number` counts from 0; `params` are its values; `seed` is its own, from the sweep's seed and its number alone;
    `run` is its child run; `attempt` counts from 0 how often it was begun before.
    """

    def __init__(self, assignment: Assignment, line: Line, run: Run, earlier: Earlier) -> None:
        super().__init__(assignment, line)
        self._earlier = earlier
        self.run = run

    @property
    def resume_from(self) -> LoggedModel | None:
        """The checkpoint that an earlier attempt at this trial left, to go on from; None if there is none.

        Raises:
            ModelNotFound: it has been deleted meanwhile.
        """
        return self._earlier.model()

    def log(self, metrics: Mapping[str, object], step: int = 0) -> None:
        """Log metrics of one step.

        Raises:
            TrialPruned: the trial was told to stop, after the metrics were logged; let it pass.
            InvalidMetric: a value is no number; nothing was logged then.
        """
        self.run.log(metrics, step)
        self._obey()

    def log_model(self, name: str, save: Save, *, step: int | None = None) -> LoggedModel:
        """Save a checkpoint, as `tracker.Run.log_model` does."""
        return self.run.log_model(name, save, step=step)

    def log_dataset(self, dataset: DatasetInfo, context: str = "") -> None:
        """Say that this trial uses a dataset, and as what."""
        self.run.log_dataset(dataset, context)

    def log_artifact(self, path: str | os.PathLike[str], under: str = "") -> None:
        """Keep a copy of a file, or of a folder's content, with the trial's run."""
        self.run.log_artifact(path, under)


class AsyncTrial(_Trial):
    """One trial of a sweep, for an async function: as `Trial`, with an async run; what takes time is awaited."""

    def __init__(self, assignment: Assignment, line: Line, run: AsyncRun, resume_from: AsyncLoggedModel | None) -> None:
        super().__init__(assignment, line)
        self.run = run
        self.resume_from = resume_from

    def log(self, metrics: Mapping[str, object], step: int = 0) -> Awaitable[None]:
        """Log metrics of one step, as `Trial.log` does; awaiting it gives other tasks a turn."""
        done = self.run.log(metrics, step)
        self._obey()
        return done

    async def log_model(self, name: str, save: Save, *, step: int | None = None) -> AsyncLoggedModel:
        """Save a checkpoint, as `tracker.AsyncRun.log_model` does; `save` runs in a thread."""
        return await self.run.log_model(name, save, step=step)

    def log_dataset(self, dataset: DatasetInfo, context: str = "") -> Awaitable[None]:
        """Say that this trial uses a dataset, and as what."""
        return self.run.log_dataset(dataset, context)

    async def log_artifact(self, path: str | os.PathLike[str], under: str = "") -> None:
        """Keep a copy of a file, or of a folder's content, with the trial's run."""
        await self.run.log_artifact(path, under)
