"""Run trials in the scheduler's own thread and event loop: for debugging, and for async functions that only wait."""

from __future__ import annotations

from typing import Self

from tracker import Attachment, attach

from ..trial import Assignment, Outcome
from .call import call, call_async
from .interface import Control
from .target import FunctionTarget, is_async


class InlineExecutor:
    """Async functions take turns with the scheduler; a plain one makes it wait."""

    def __init__(self, target: FunctionTarget, parallel: int) -> None:
        self._function = target.load()
        self._parallel = parallel
        self._attachment: Attachment | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._attachment is not None:
            self._attachment.close()

    async def run(self, assignment: Assignment, control: Control) -> Outcome:
        """Run a trial here."""
        self._attachment = self._attachment or attach(assignment.store)
        if is_async(self._function):
            return await call_async(self._function, assignment, control, self._attachment)
        return call(lambda: self._function, assignment, control, self._attachment)
