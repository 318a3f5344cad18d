"""The scheduler's end of the line to a worker process: lines of JSON, both ways, over one socket."""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import anyio

_READ_BYTES = 1 << 16


class WorkerLine:
    """Messages are whole, and in order; when the other end has gone there are no more."""

    def __init__(self, end: socket.socket) -> None:
        end.setblocking(False)  # noqa: FBT003  # the library's own form
        self._socket = end
        self._lock = anyio.Lock()
        self._read = bytearray()

    async def send(self, message: Mapping[str, object]) -> None:
        """Send a message; do nothing if nobody reads any more."""
        data = memoryview(json.dumps(message).encode() + b"\n")
        async with self._lock:
            with suppress(OSError, anyio.ClosedResourceError):
                while data:
                    data = data[await self._send(data) :]

    async def receive(self) -> dict[str, Any] | None:
        """Return the next message; None if there will be none."""
        while True:
            line, found, rest = self._read.partition(b"\n")
            if found:
                self._read = rest
                message: dict[str, Any] = json.loads(line)
                return message
            data = await self._receive()
            if not data:
                return None
            self._read += data

    def finish(self) -> None:
        """Let nothing more in than what has arrived: what still holds the other end is not the worker."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RD)

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    async def _send(self, data: memoryview) -> int:
        while True:
            try:
                return self._socket.send(data)
            except BlockingIOError:
                await anyio.wait_writable(self._socket)

    async def _receive(self) -> bytes:
        while True:
            try:
                return self._socket.recv(_READ_BYTES)
            except BlockingIOError:
                await anyio.wait_readable(self._socket)
            except (OSError, anyio.ClosedResourceError):
                return b""
