"""What every executor offers."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

import anyio

from ..trial import Assignment, Outcome, Report


class Control:
    """The scheduler's hand on one running attempt: what it reports comes in, and the word to stop goes out.

    Executors call it in the event loop's thread. `report` is called with each value of the sweep's metric, and
    returns whether the attempt is to stop; `progress` with nothing, at every log of whatever metric.
    """

    def __init__(self, report: Callable[[Report], bool], progress: Callable[[], None] | None = None) -> None:
        self._report = report
        self._progress = progress or _ignore
        self._stop = anyio.Event()
        # The end of the output of an attempt that was ended from outside.
        self.tail = ""

    @property
    def stopping(self) -> bool:
        """Whether the attempt was told to stop."""
        return self._stop.is_set()

    def report(self, report: Report) -> bool:
        """Take a value of the sweep's metric, just logged, which is progress too; True: the attempt is to stop."""
        self._progress()
        if self._report(report):
            self.stop()
        return self.stopping

    def progress(self) -> None:
        """Hear that something was logged."""
        self._progress()

    def stop(self) -> None:
        """Tell the attempt to end in order: a function at its next `log`, a command by SIGTERM."""
        self._stop.set()

    async def wait_stop(self) -> None:
        """Wait until the attempt is told to stop."""
        await self._stop.wait()


class Executor(AbstractAsyncContextManager[Any], Protocol):
    """Runs attempts, as many at once as it is asked to; leaving it ends whatever it has started.

    `hears_all` says that every report reaches the control, before the attempt's end.
    """

    hears_all: bool

    async def run(self, assignment: Assignment, control: Control) -> Outcome:
        """Run an attempt to its end, however it ends; a failure is an outcome, never an exception.

        One that was told to stop is PRUNED, unless it is a function that returned all the same. If this is
        cancelled, the attempt is ended at once.
        """
        ...


def _ignore() -> None:
    """Hear nothing."""
