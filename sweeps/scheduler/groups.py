"""A task group whose error is the one that a caller can do something about."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
from anyio.abc import TaskGroup


@asynccontextmanager
async def task_group() -> AsyncIterator[TaskGroup]:
    """Enter a task group; of the errors that it has wrapped, the first is raised."""
    try:
        async with anyio.create_task_group() as tasks:
            yield tasks
    except ExceptionGroup as several:
        raise _first(several) from several


def _first(problem: Exception) -> Exception:
    while isinstance(problem, ExceptionGroup):
        problem = problem.exceptions[0]
    return problem
