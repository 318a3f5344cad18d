"""Ctrl-C and SIGTERM, while a sweep runs."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import AsyncIterator
from types import FrameType
from typing import Protocol

import anyio

from . import why
from .why import Why

LEFT = 130
# At so many Ctrl-C the process leaves at once.
_LAST = 3
_SHOW_CURSOR = b"\x1b[?25h"
_GOODBYE = b"\nleft at once; what still runs is ended, and the sweep goes on with: sweeps resume last\n"
_REASONS = {signal.SIGINT: why.INTERRUPTED, signal.SIGTERM: why.PREEMPTED}


class Interrupt(Protocol):
    """Ends a sweep: called once in order, called again at once."""

    def __call__(self, reason: Why) -> None:
        """Say that it is to end, and why."""


@contextlib.asynccontextmanager
async def interrupting(call: Interrupt) -> AsyncIterator[None]:
    """Call `call` at each SIGINT or SIGTERM within the block; elsewhere than in the main thread, do nothing.

    SIGINT means that someone interrupts the sweep, SIGTERM that the machine wants its slots back. A third SIGINT
    leaves from where the program stands, even if the event loop does not turn: trials then end as after `kill -9`.
    """
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


async def _receive(call: Interrupt, *, task_status: anyio.abc.TaskStatus[None]) -> None:
    with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        _leave_at_last(signal.SIGINT)
        task_status.started()
        async for number in signals:
            call(_REASONS[number])


def _leave_at_last(number: signal.Signals) -> None:
    """Count a signal beside whoever hears it already; leaving the receiver takes this away with it."""
    heard, before = 0, signal.getsignal(number)

    def count(number: int, frame: FrameType | None) -> None:
        nonlocal heard
        heard += 1
        if heard >= _LAST:
            _leave()
        if callable(before):
            before(number, frame)

    signal.signal(number, count)


def _leave() -> None:
    """Leave at once; a terminal is given its cursor back."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        words = _SHOW_CURSOR + _GOODBYE if sys.stderr.isatty() else _GOODBYE
        os.write(sys.stderr.fileno(), words)
    os._exit(LEFT)
