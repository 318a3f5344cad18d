"""A process of ours, in a session of its own: a Ctrl-C in the terminal reaches only the scheduler."""

from __future__ import annotations

import errno
import os
import select
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Self

import anyio

# Where there are no process descriptors, an end is noticed so late, in seconds.
_LOOK_SECONDS = 0.01


class _Process:
    """A process that was started, until it is reaped."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._code: int | None = None

    def poll(self) -> int | None:
        """Return its exit code, as `subprocess` has it; None while it runs."""
        return self._reap(os.WNOHANG)

    def wait(self) -> int:
        """Wait for its end, and return its exit code."""
        code = self._reap(0)
        return 0 if code is None else code

    def _reap(self, how: int) -> int | None:
        if self._code is None:
            try:
                pid, status = os.waitpid(self.pid, how)
            except ChildProcessError:
                # Somebody else has reaped it, and nobody knows how it ended.
                self._code = 0
            else:
                self._code = os.waitstatus_to_exitcode(status) if pid else None
        return self._code


class Child:
    """A process and its group.

    Its end is noticed by a process descriptor, at once and without a thread. It is reaped only when its group has
    been ended: until then its ID cannot be given to another.
    """

    def __init__(self, process: _Process) -> None:
        self._process = process
        self.pid = process.pid
        self._descriptor = _descriptor_of(process.pid)
        self._ended = self._reaped = False

    @classmethod
    def start(cls, arguments: Sequence[str], *, stdin: int, output: int | None, environment: Mapping[str, str]) -> Self:
        """Start a process; an `output` of None is the scheduler's own standard error.

        Raises:
            OSError: it cannot be started.
        """
        actions: list[tuple[int, ...] | tuple[int, int, str, int, int]] = [
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0)
            if stdin == subprocess.DEVNULL
            else (os.POSIX_SPAWN_DUP2, stdin, 0),
            (os.POSIX_SPAWN_DUP2, 2 if output is None else output, 1),
        ]
        if output is not None:
            actions.append((os.POSIX_SPAWN_DUP2, output, 2))
        # As `subprocess` has it, in half the time; files that Python opens are closed by the kernel.
        pid = os.posix_spawn(
            _found(arguments[0], environment),
            list(arguments),
            environment,
            file_actions=actions,
            setsid=True,
            setsigdef=(signal.SIGPIPE, signal.SIGXFSZ),
        )
        return cls(_Process(pid))

    async def wait(self) -> None:
        """Wait until the process has ended, whatever else of its group still runs."""
        if self._descriptor is not None:
            await anyio.wait_readable(self._descriptor)
        else:
            while self._process.poll() is None:  # noqa: ASYNC110  # nobody tells
                await anyio.sleep(_LOOK_SECONDS)
        self._ended = True

    async def wait_while_killing(self) -> None:
        """End the process, if it has not ended, and wait for that."""
        self.signal(signal.SIGKILL)
        await self.wait()

    def has_ended(self) -> bool:
        """Say whether the process has ended."""
        if self._ended:
            return True
        if self._descriptor is None:
            return self._process.poll() is not None
        poll = select.poll()
        poll.register(self._descriptor, select.POLLIN)
        return bool(poll.poll(0))

    def signal(self, number: signal.Signals) -> None:
        """Signal the whole group, if any of it is left; once it is reaped do nothing, for its ID may be another's."""
        if self._reaped:
            return
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)

    def reap(self) -> int:
        """End the group, wait for the process, and return its exit code as `subprocess` has it."""
        self.signal(signal.SIGKILL)
        code = self._process.wait()
        self._reaped = True
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
        return code


def _found(program: str, environment: Mapping[str, str]) -> str:
    """Return where a program is, in the folders that its own environment names.

    Raises:
        FileNotFoundError: it is not there.
    """
    place = program if os.sep in program else shutil.which(program, path=environment.get("PATH"))
    if place is None:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), program)
    return place


def _descriptor_of(pid: int) -> int | None:
    try:
        return os.pidfd_open(pid)
    except (AttributeError, OSError):
        return None
