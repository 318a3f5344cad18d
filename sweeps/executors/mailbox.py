"""Where trials' scripts say what they log, as they log it: a socket whose path they are told (`TRACKER_WATCH`).

Each datagram is one JSON object: {"run_id", "token", "step", "metrics", "model_id"}. What is anything else, or comes
from a run that is not running, or from an earlier attempt at it, is dropped: a script may send what it likes.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import NoReturn, Self

import anyio

from ..trial import Assignment, Report
from .folder import own_folder
from .interface import Control

# The kernel's own limit on a datagram's size is below.
_MESSAGE_BYTES = 1 << 18
# What a socket's address may hold, with its closing zero: 104 on macOS, 108 on Linux.
_PATH_BYTES = 104
_NAME = "watch"


class Mailbox:
    """One socket for all attempts; what arrives is passed on to the attempt's control."""

    def __init__(self) -> None:
        self._lifetimes = ExitStack()
        self._socket = self._lifetimes.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
        self._socket.setblocking(False)  # noqa: FBT003  # the library's own form
        self._attempts: dict[str, tuple[Assignment, Control]] = {}
        self.path = ""

    def __enter__(self) -> Self:
        folder = self._lifetimes.enter_context(own_folder())
        if len(os.fsencode(folder)) + len(_NAME) + 1 >= _PATH_BYTES:
            folder = self._lifetimes.enter_context(own_folder("/tmp"))  # noqa: S108  # a folder of a name of its own is made in it
        self.path = str(Path(folder, _NAME))
        self._socket.bind(self.path)
        Path(self.path).chmod(0o600)
        return self

    def __exit__(self, *_: object) -> None:
        self._lifetimes.close()

    @contextmanager
    def listening(self, assignment: Assignment, control: Control) -> Iterator[None]:
        """Pass on what this attempt says, within the block."""
        self._attempts[assignment.run_id] = assignment, control
        try:
            yield
        finally:
            del self._attempts[assignment.run_id]

    async def receive(self) -> NoReturn:
        """Pass on what arrives, for ever."""
        while True:
            await anyio.wait_readable(self._socket)
            self.read()

    def read(self) -> None:
        """Pass on what has arrived."""
        with suppress(BlockingIOError):
            while True:
                self._take(self._socket.recv(_MESSAGE_BYTES))

    def _take(self, data: bytes) -> None:
        try:
            message = json.loads(data)
            assignment, control = self._attempts[message["run_id"]]
            if int(message["token"]) != assignment.attempt:
                return
            step = int(message["step"])
            value = message["metrics"].get(assignment.metric)
            report = None if value is None else Report(float(value), step, own=message.get("model_id") is None)
        except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
            return
        if report is None:
            control.progress()
        else:
            control.report(report)
