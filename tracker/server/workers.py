"""Several processes that serve one port: whoever of them is free takes the next connection.

They share the store as any processes do: each has a journal of its own, and whoever holds the writer's lock folds in
the journals of all.
"""

from __future__ import annotations

import logging
import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from typing import NoReturn

# One that ends as soon as it has begun would only end again.
_BRIEF_SECONDS = 1.0
# The signals by which a server is told to end.
STOPPING = (signal.SIGTERM, signal.SIGINT)

log = logging.getLogger("tracker.server")


def run_workers(count: int, work: Callable[[], None]) -> int:
    """Run a function in so many processes until SIGTERM or Ctrl-C; return the exit code.

    One that ends by itself is replaced by another.
    """
    workers = _Workers(work)
    for number in STOPPING:
        signal.signal(number, workers.stop)
    for _ in range(count):
        workers.start()
    return workers.wait()


class _Workers:
    """Processes that do one work, until they are told to stop."""

    def __init__(self, work: Callable[[], None]) -> None:
        self._work = work
        self._is_stopping = False
        # When each began.
        self._began: dict[int, float] = {}

    def start(self) -> None:
        """Start one more, unless all are to stop."""
        if self._is_stopping:
            return
        # Until a worker has its own manners, a signal would be dealt with by those that it inherits.
        signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)
        pid = _start(self._work)
        self._began[pid] = time.monotonic()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING)
        self._tell_late(pid)

    def stop(self, *_: object) -> None:
        """Tell all to stop."""
        self._is_stopping = True
        for pid in self._began:
            _terminate(pid)

    def wait(self) -> int:
        """Wait until all have ended, and return the worst exit code."""
        worst = 0
        while self._began:
            pid, status = os.wait()
            began = self._began.pop(pid, None)
            code = os.waitstatus_to_exitcode(status)
            if began is None or self._is_stopping:
                # One that was told before it listened has just ended.
                worst = max(worst, 0 if code == -signal.SIGTERM else abs(code))
                continue
            log.error("a worker of the server (process %d) has ended with %d; another one takes its place", pid, code)
            if time.monotonic() - began < _BRIEF_SECONDS:
                self.stop()
                worst = max(worst, abs(code))
            else:
                self.start()
        return worst

    def _tell_late(self, pid: int) -> None:
        """Tell one that came when all were told already: a signal that another thread took is dealt with in between."""
        if self._is_stopping:
            _terminate(pid)


def _terminate(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)


def _start(work: Callable[[], None]) -> int:
    pid = os.fork()
    if pid == 0:
        _work(work)
    return pid


def _work(work: Callable[[], None]) -> NoReturn:
    code = 1
    try:
        # Who started this one looks after the others; until it listens itself, a signal just ends it.
        for number in STOPPING:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING)
        work()
        code = 0
    except SystemExit as leaving:
        code = leaving.code if isinstance(leaving.code, int) else 1
    except BaseException:
        log.exception("a worker of the server fails")
    finally:
        os._exit(code)
