"""The worker process: takes attempts from its standard input, which is a socket, and says there how they go.

Messages are lines of JSON. Before any code of the user's runs the socket is moved away, so that what a trial prints
goes to the attempt's output file and cannot be taken for a message. When the line closes, the scheduler is gone, and
so is this process.

    to the worker      {"target"} · {"run", "output"} · {"stop"} · {"answer"}
    to the scheduler   {"report": [value, step, own], "ask"} · {"progress"} · {"state", "reason", "tail", "cause"}
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextvars import copy_context
from functools import partial
from itertools import count
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from ..trial import Assignment, Report
from .call import call
from .logbook import ANSWER_SECONDS, Logbook
from .packing import unpack

# Progress is said no more often, in seconds: those who wait for it wait for much longer.
_PROGRESS_SECONDS = 0.1


class _Line:
    """The line to the scheduler; any thread of the trial's may use it."""

    def __init__(self, scheduler: socket.socket) -> None:
        self._socket = scheduler
        self._sending = threading.Lock()
        self._stop = threading.Event()
        self._asks = count(1)
        self._answers: dict[int, SimpleQueue[None]] = {}
        self._progressed = 0.0
        self.judged = False

    @property
    def stopping(self) -> bool:
        return self._stop.is_set()

    def report(self, report: Report) -> None:
        if not self.judged:
            self.send({"report": report})
            return
        ask = next(self._asks)
        answered = self._answers[ask] = SimpleQueue[None]()
        self.send({"report": report, "ask": ask})
        with contextlib.suppress(Empty):
            answered.get(timeout=ANSWER_SECONDS)
        del self._answers[ask]

    def progress(self) -> None:
        now = time.monotonic()
        if now - self._progressed >= _PROGRESS_SECONDS:
            self._progressed = now
            self.send({"progress": True})

    def take(self, message: dict[str, Any]) -> None:
        """Take the scheduler's word to stop, or its answer to a report, which may be that."""
        if message.get("stop"):
            self._stop.set()
        waiting = self._answers.get(message.get("answer", 0))
        if waiting is not None:
            waiting.put(None)

    def begin(self, *, judged: bool) -> None:
        self._stop.clear()
        self._progressed = 0.0
        self.judged = judged

    def send(self, message: dict[str, object]) -> None:
        data = json.dumps(message).encode() + b"\n"
        # When nobody listens, this process is about to end.
        with self._sending, contextlib.suppress(OSError):
            self._socket.sendall(data)


def main() -> None:
    """Work until the scheduler closes the line."""
    scheduler = _take_line()
    line = _Line(scheduler)
    requests = scheduler.makefile("rb")
    target = json.loads(requests.readline() or "{}").get("target", "")
    work: SimpleQueue[dict[str, Any]] = SimpleQueue()
    threading.Thread(target=_read, args=(requests, line, work), daemon=True).start()
    logbook = Logbook()
    while True:
        request = work.get()
        assignment = Assignment(**request["run"])
        with _output_to(Path(request["output"])), _environment(assignment.variables):
            # In a context of its own, as in every executor.
            outcome = copy_context().run(call, lambda: unpack(target).load(), assignment, line, logbook)
        line.send({name: getattr(outcome, name) for name in outcome.__slots__})


def _take_line() -> socket.socket:
    scheduler = socket.socket(fileno=os.dup(0))
    scheduler.setblocking(True)  # noqa: FBT003  # the library's own form
    os.register_at_fork(after_in_child=partial(_hang_up, scheduler.fileno()))
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.close(null)
    return scheduler


def _hang_up(line: int) -> None:
    """Let go of the line in a forked child, which must not keep it open when this process has ended."""
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, line, inheritable=False)
    os.close(null)


def _read(requests: Any, line: _Line, work: SimpleQueue[dict[str, Any]]) -> None:  # noqa: ANN401  # a binary file
    with contextlib.suppress(OSError):
        for text in requests:
            message = json.loads(text)
            if "run" in message:
                # Here, since a word to stop may follow before the trial has begun.
                line.begin(judged=message["run"]["judged"])
                work.put(message)
            else:
                line.take(message)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(os.getpid(), signal.SIGKILL)
    os._exit(0)


@contextlib.contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Have these variables in the environment, and no others of an attempt that was here before."""
    kept = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in kept.items():
            # The trial may have taken it out.
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


@contextlib.contextmanager
def _output_to(path: Path) -> Iterator[None]:
    """Send what this process prints, at the level of file descriptors, to a file."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    kept = os.dup(1), os.dup(2)
    os.dup2(file, 1)
    os.dup2(file, 2)
    try:
        yield
    finally:
        for stream in (sys.stdout, sys.stderr):
            # The trial may have closed or replaced them.
            with contextlib.suppress(AttributeError, OSError, ValueError):
                stream.flush()
        for descriptor, before in enumerate(kept, start=1):
            os.dup2(before, descriptor)
            os.close(before)
        os.close(file)
