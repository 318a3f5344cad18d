"""A sweep's events, as they happen."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from concurrent.futures import Future
from contextlib import AbstractContextManager
from functools import partial
from queue import SimpleQueue
from typing import Unpack

import anyio
from anyio import from_thread, to_thread
from anyio.from_thread import BlockingPortal

from .result import SweepResult
from .running import Options, run_async
from .scheduler import Event
from .sweep import Sweep


async def stream(sweep: Sweep, **options: Unpack[Options]) -> AsyncGenerator[Event, None]:
    """Run a sweep, and yield each of its events as it happens; to leave the loop is to end the sweep.

    It has an event loop and a thread of its own, so however the loop over its events is left, no cancel scope is.
    Neither loop ever waits for the other, so a slow reader does not slow the sweep. A loop that is left by `break`
    ends the sweep when Python lets go of the generator, which `contextlib.aclosing` makes certain.

    Raises:
        as `run_async` does, after the last event.
    """
    events: SimpleQueue[Event | None] = SimpleQueue()
    options["listen"] = events.put
    thread = from_thread.start_blocking_portal()
    portal = await to_thread.run_sync(thread.__enter__)
    running = portal.start_task_soon(partial(run_async, sweep, **options))
    running.add_done_callback(lambda _: events.put(None))
    try:
        # One that is cancelled leaves a thread waiting, which the last event lets go.
        while (event := await to_thread.run_sync(events.get, abandon_on_cancel=True)) is not None:
            yield event
        running.result()
    finally:
        with anyio.CancelScope(shield=True):
            await to_thread.run_sync(_end, running, thread)


def _end(running: Future[SweepResult], thread: AbstractContextManager[BlockingPortal]) -> None:
    """End the sweep if it still runs, and wait until it has."""
    running.cancel()
    thread.__exit__(None, None, None)
