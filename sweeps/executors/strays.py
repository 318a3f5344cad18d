"""End what a sweep has left on this machine: the processes that carry its marker."""

from __future__ import annotations

import os
import select
import signal
import time
from contextlib import suppress

from .census import MARKER
from .procfs import list_processes, read_variable

# How long what was killed may take to be gone, in seconds, and how often that is looked at.
_GONE_SECONDS = 2.0
_PAUSE_SECONDS = 0.002


def end_attempts(sweep_id: str) -> int:
    """End every process on this machine that an attempt of this sweep has started; return how many there were.

    They are killed at once, and are gone when this returns. To be called when no scheduler of the sweep is left, as
    before it is resumed. The calling process itself is spared. Processes are found on Linux only.
    """
    ended: dict[int, int] = {}
    deadline = time.monotonic() + _GONE_SECONDS
    try:
        while (found := _find(sweep_id)) and time.monotonic() < deadline:
            for pid in found - ended.keys():
                descriptor = _kill(pid, sweep_id)
                if descriptor is not None:
                    ended[pid] = descriptor
            time.sleep(_PAUSE_SECONDS)
        # Its environment goes before its files do.
        for descriptor in ended.values():
            _wait(descriptor, deadline - time.monotonic())
    finally:
        for descriptor in ended.values():
            os.close(descriptor)
    while (left := ended.keys() & list_processes()) and time.monotonic() < deadline:
        # One whose parent was killed with it may come to this process only now.
        for pid in left:
            reap(pid)
        time.sleep(_PAUSE_SECONDS)
    return len(ended)


def reap(pid: int) -> None:
    """Reap an orphan that came to this process and has ended; do nothing if it runs, or is not ours."""
    with suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)


def _find(sweep_id: str) -> set[int]:
    others = list_processes() - {os.getpid()}
    return {pid for pid in others if _sweep_of(pid) == sweep_id} if sweep_id else set()


def _sweep_of(pid: int) -> str:
    return read_variable(pid, MARKER).partition("/")[0]


def _kill(pid: int, sweep_id: str) -> int | None:
    """Kill a process, and none that has been given its ID meanwhile; return its descriptor."""
    descriptor = None
    with suppress(ProcessLookupError, PermissionError):
        descriptor = os.pidfd_open(pid)
        if _sweep_of(pid) == sweep_id:
            signal.pidfd_send_signal(descriptor, signal.SIGKILL)
    return descriptor


def _wait(descriptor: int, seconds: float) -> None:
    """Wait until a process has ended, files and all."""
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    poll.poll(max(0.0, seconds) * 1000)
