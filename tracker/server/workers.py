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
    stopping = False
    workers: dict[int, float] = {}

    def stop(*_: object) -> None:
        nonlocal stopping
        stopping = True
        for pid in workers:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)

    def start() -> None:
        # Whoever is told to stop must know of all.
        signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)
        if not stopping:
            workers[_start(work)] = time.monotonic()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING)

    for number in STOPPING:
        signal.signal(number, stop)
    for _ in range(count):
        start()
    worst = 0
    while workers:
        pid, status = os.wait()
        began = workers.pop(pid, None)
        code = os.waitstatus_to_exitcode(status)
        if began is None or stopping:
            # One that was told before it listened has just ended.
            worst = max(worst, 0 if code == -signal.SIGTERM else abs(code))
            continue
        log.error("a worker of the server (process %d) has ended with %d; another one takes its place", pid, code)
        if time.monotonic() - began < _BRIEF_SECONDS:
            stop()
            worst = max(worst, abs(code))
        else:
            start()
    return worst


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
