"""Run trials in threads of the scheduler's process: for functions that release the GIL or wait."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from queue import Empty, SimpleQueue
from typing import Self

import anyio
from anyio import to_thread

from ..trial import Assignment, Outcome, Report
from .call import call
from .interface import Control
from .logbook import ANSWER_SECONDS, Logbook
from .target import FunctionTarget


class ThreadsExecutor:
    """A thread cannot be ended from outside: a trial that is cancelled is left behind until its next `log`."""

    hears_all = True

    def __init__(self, target: FunctionTarget, parallel: float) -> None:
        self._target = target
        self._limiter = anyio.CapacityLimiter(parallel)
        self._logbook = Logbook()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self._logbook.close()

    async def run(self, assignment: Assignment, control: Control) -> Outcome:
        """Run an attempt in a thread."""
        line = _ThreadLine(control, judged=assignment.judged)
        work = partial(call, self._target.load, assignment, line, self._logbook)
        try:
            return await to_thread.run_sync(work, abandon_on_cancel=True, limiter=self._limiter)
        except anyio.get_cancelled_exc_class():
            control.stop()
            raise


class _ThreadLine:
    """The scheduler's `Control`, from a worker thread."""

    def __init__(self, control: Control, *, judged: bool) -> None:
        self._control = control
        self._judged = judged
        self._loop = asyncio.get_running_loop()

    @property
    def stopping(self) -> bool:
        return self._control.stopping

    def report(self, report: Report) -> None:
        answered = SimpleQueue[bool]()
        self._call(lambda: answered.put(self._control.report(report)))
        if self._judged:
            with suppress(Empty):
                answered.get(timeout=ANSWER_SECONDS)

    def progress(self) -> None:
        self._call(self._control.progress)

    def _call(self, what: Callable[[], object]) -> None:
        # The scheduler may have gone from a trial that was left behind.
        if not self.stopping:
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(what)
