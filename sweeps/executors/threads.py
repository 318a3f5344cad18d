"""Run trials in threads of the scheduler's process: for functions that release the GIL or wait."""

from __future__ import annotations

from functools import partial
from typing import Self

import anyio
from anyio import from_thread, to_thread
from anyio.lowlevel import current_token

from tracker import Attachment, attach

from ..trial import Assignment, Outcome
from .call import call
from .interface import Control
from .target import FunctionTarget


class ThreadsExecutor:
    """A thread cannot be ended from outside: a trial that is cancelled is left behind until its next `log`."""

    def __init__(self, target: FunctionTarget, parallel: int) -> None:
        self._target = target
        self._limiter = anyio.CapacityLimiter(parallel)
        self._attachment: Attachment | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._attachment is not None:
            self._attachment.close()

    async def run(self, assignment: Assignment, control: Control) -> Outcome:
        """Run a trial in a thread."""
        self._attachment = self._attachment or attach(assignment.store)
        work = partial(call, self._target.load, assignment, _ThreadLine(control), self._attachment)
        try:
            return await to_thread.run_sync(work, abandon_on_cancel=True, limiter=self._limiter)
        except anyio.get_cancelled_exc_class():
            control.stop()
            raise


class _ThreadLine:
    """The scheduler's `Control`, from a worker thread."""

    def __init__(self, control: Control) -> None:
        self._control = control
        self._token = current_token()

    @property
    def stopping(self) -> bool:
        return self._control.stopping

    def report(self, value: float) -> None:
        if not self.stopping:
            from_thread.run_sync(self._control.report, value, token=self._token)
