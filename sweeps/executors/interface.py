"""What every executor offers."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

import anyio

from ..trial import Assignment, Outcome


class Control:
    """The scheduler's hand on one running trial: what it reports comes in, and the word to stop goes out."""

    def __init__(self, report: Callable[[float], None]) -> None:
        self._report = report
        self._stop = anyio.Event()
        # The end of the output of a trial that was ended from outside.
        self.tail = ""

    @property
    def stopping(self) -> bool:
        """Whether the trial was told to stop."""
        return self._stop.is_set()

    def report(self, value: float) -> None:
        """Take a value of the sweep's metric, just logged."""
        self._report(value)

    def stop(self) -> None:
        """Tell the trial to end in order, at its next `log`."""
        self._stop.set()

    async def wait_stop(self) -> None:
        """Wait until the trial is told to stop."""
        await self._stop.wait()


class Executor(AbstractAsyncContextManager[Any], Protocol):
    """Runs one trial in each of its slots; entering it makes the slots, leaving it ends them."""

    async def run(self, assignment: Assignment, control: Control) -> Outcome:
        """Run a trial to its end, however it ends; a failure is an outcome, never an exception.

        If this is cancelled, the trial is ended at once.
        """
        ...
