"""Run trials in the scheduler's own thread and event loop: for debugging, and for async functions that only wait."""

from __future__ import annotations

from typing import Self

import anyio

from ..trial import Assignment, Outcome
from .call import call_here
from .interface import Control
from .logbook import Logbook
from .target import FunctionTarget


class InlineExecutor:
    """Async functions take turns with the scheduler; a plain one makes it wait."""

    hears_all = True

    def __init__(self, target: FunctionTarget, _: float) -> None:
        self._target = target
        self._logbook = Logbook()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self._logbook.close()

    async def run(self, assignment: Assignment, control: Control) -> Outcome:
        """Run a trial here, in a task of its own: what it sets in its context no other trial sees."""
        outcomes = list[Outcome]()

        async def run() -> None:
            outcomes.append(await call_here(self._target.load, assignment, control, self._logbook))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(run)
        return outcomes[0]
