"""Sends the head of an answer together with the first bytes of its body: apart, each costs a call of the system's."""

from __future__ import annotations

from asyncio import Transport

_NOT_YET = b"HTTP/1.1 100 "


class Answers:
    """A connection's transport, as those see it who write one answer after the other."""

    __slots__ = ("_head", "_is_begun", "_transport", "_write", "is_closing")

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._head = b""
        self._is_begun = False
        self.is_closing = transport.is_closing
        self._write = transport.write

    def write(self, data: bytes) -> None:
        """Write a head, which waits for what comes next, or what comes next."""
        if self._is_begun:
            head, self._head = self._head, b""
            self._write(head + data if head else data)
        elif data.startswith(_NOT_YET):
            self._write(data)
        else:
            self._head, self._is_begun = data, True

    def end(self) -> None:
        """Say that the answer is over; a head that has no body goes now."""
        if self._head:
            self._write(self._head)
        self._head, self._is_begun = b"", False

    def close(self) -> None:
        """Close the connection when all is sent."""
        self.end()
        self._transport.close()
