"""The worker process: takes trials from its standard input, says how they go on its standard output.

Both are lines of JSON. Before any code of the user's runs they are moved away, so that what a trial prints goes to
the trial's output file and cannot be taken for a message. When the input closes, the scheduler is gone, and so is
this process.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from tracker import Attachment, attach

from ..trial import Assignment
from .call import call
from .packing import unpack

# The longest line: a target may carry a closure's data with it.
LINE_BYTES = 1 << 30


class _Line:
    """The line to the scheduler."""

    def __init__(self, replies: int) -> None:
        self._replies = replies
        self._stop = threading.Event()

    @property
    def stopping(self) -> bool:
        return self._stop.is_set()

    def report(self, value: float) -> None:
        self.send({"report": value})

    def stop(self) -> None:
        self._stop.set()

    def reset(self) -> None:
        self._stop.clear()

    def send(self, message: dict[str, object]) -> None:
        os.write(self._replies, json.dumps(message).encode() + b"\n")


def main() -> None:
    """Work until the scheduler closes the line."""
    requests, line = _take_lines()
    hello = json.loads(requests.readline())
    work: SimpleQueue[dict[str, Any]] = SimpleQueue()
    threading.Thread(target=_read, args=(requests, line, work), daemon=True).start()
    attachments: dict[str, Attachment] = {}
    while True:
        request = work.get()
        assignment = Assignment(**request["run"])
        if assignment.store not in attachments:
            attachments[assignment.store] = attach(assignment.store)
        with _output_to(Path(request["output"])):
            outcome = call(lambda: unpack(hello["target"]).load(), assignment, line, attachments[assignment.store])
        line.send({"state": outcome.state, "reason": outcome.reason, "tail": outcome.tail})


def _take_lines() -> tuple[Any, _Line]:
    requests, replies = os.dup(0), os.dup(1)
    os.register_at_fork(after_in_child=partial(_hang_up, requests, replies))
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(2, 1)
    os.close(null)
    return os.fdopen(requests, "rb"), _Line(replies)


def _hang_up(*lines: int) -> None:
    """Let go of the lines in a forked child, which must not keep them open when this process has ended."""
    null = os.open(os.devnull, os.O_RDWR)
    for line in lines:
        os.dup2(null, line, inheritable=False)
    os.close(null)


def _read(requests: Any, line: _Line, work: SimpleQueue[dict[str, Any]]) -> None:  # noqa: ANN401  # a binary file
    for text in requests:
        message = json.loads(text)
        if "stop" in message:
            line.stop()
        else:
            # Here, since a word to stop may follow before the trial has begun.
            line.reset()
            work.put(message)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(os.getpid(), signal.SIGKILL)
    os._exit(0)


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
