"""Ctrl-C and SIGTERM, while a sweep runs."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import AsyncIterator, Callable

import anyio


@contextlib.asynccontextmanager
async def interrupting(call: Callable[[], None]) -> AsyncIterator[None]:
    """Call `call` at each SIGINT or SIGTERM within the block; elsewhere than in the main thread, do nothing."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    tasks = anyio.create_task_group()
    await tasks.__aenter__()
    try:
        await tasks.start(_receive, call)
        yield
    finally:
        tasks.cancel_scope.cancel()
        await tasks.__aexit__(None, None, None)


async def _receive(call: Callable[[], None], *, task_status: anyio.abc.TaskStatus[None]) -> None:
    with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        task_status.started()
        async for _ in signals:
            call()
