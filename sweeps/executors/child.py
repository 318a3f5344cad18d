"""A process of ours, in a session of its own: a Ctrl-C in the terminal reaches only the scheduler."""

from __future__ import annotations

import os
import select
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Self

import anyio

# Where there are no process descriptors, an end is noticed so late, in seconds.
_LOOK_SECONDS = 0.01


class Child:
    """A process and its group.

    Its end is noticed by a process descriptor, at once and without a thread. It is reaped only when its group has
    been ended: until then its ID cannot be given to another.
    """

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self.pid = process.pid
        self._descriptor = _descriptor_of(process.pid)

    @classmethod
    def start(cls, arguments: Sequence[str], *, stdin: int, output: int | None, environment: Mapping[str, str]) -> Self:
        """Start a process; an `output` of None is the scheduler's own standard error.

        Raises:
            OSError: it cannot be started.
        """
        # Nothing runs between fork and exec, so that the C library's vfork does: a fork would copy the page tables.
        process = subprocess.Popen(  # noqa: S603  # what the user said
            arguments,
            stdin=stdin,
            stdout=2 if output is None else output,
            stderr=output,
            env=environment,
            start_new_session=True,
        )
        return cls(process)

    async def wait(self) -> None:
        """Wait until the process has ended, whatever else of its group still runs."""
        if self._descriptor is not None:
            await anyio.wait_readable(self._descriptor)
            return
        while self._process.poll() is None:  # noqa: ASYNC110  # nobody tells
            await anyio.sleep(_LOOK_SECONDS)

    async def wait_while_killing(self) -> None:
        """End the process, if it has not ended, and wait for that."""
        self.signal(signal.SIGKILL)
        await self.wait()

    def has_ended(self) -> bool:
        """Say whether the process has ended."""
        if self._descriptor is None:
            return self._process.poll() is not None
        poll = select.poll()
        poll.register(self._descriptor, select.POLLIN)
        return bool(poll.poll(0))

    def signal(self, number: signal.Signals) -> None:
        """Signal the whole group, if any of it is left."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)

    def reap(self) -> int:
        """End the group, wait for the process, and return its exit code as `subprocess` has it."""
        self.signal(signal.SIGKILL)
        code = self._process.wait()
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
        return code


def _descriptor_of(pid: int) -> int | None:
    try:
        return os.pidfd_open(pid)
    except (AttributeError, OSError):
        return None
