"""What every executor offers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import Any, Protocol

from ..trial import Assignment, Outcome, Report


class Control:
    """The scheduler's hand on one running attempt: what it reports comes in, and the word to stop goes out.

    Executors call it in the event loop's thread. `report` is called with each value of the sweep's metric, and
    returns whether the attempt is to stop; `progress` with nothing, at every log of whatever metric. `stopping` says
    whether it was told to stop.
    """

    def __init__(self, report: Callable[[Report], bool], progress: Callable[[], None] | None = None) -> None:
        self._report = report
        self._progress = progress or _ignore
        self._then: Callable[[], object] = _ignore
        self.stopping = False
        # The end of the output of an attempt that was ended from outside.
        self.tail = ""

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
        if not self.stopping:
            self.stopping = True
            self._then()

    @contextmanager
    def when_told(self, then: Callable[[], object]) -> Iterator[None]:
        """Call a function once the attempt is told to stop, if that is while the body runs or was before.

        A task that waited for it would have to be cancelled at the end of every attempt, which takes a good part of
        all that an attempt costs.
        """
        self._then = then
        if self.stopping:
            then()
        try:
            yield
        finally:
            self._then = _ignore


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
