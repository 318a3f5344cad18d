"""Starlette's part: requests whose body is a stream, and answers that are files."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping
from dataclasses import replace
from http import HTTPStatus
from pathlib import Path
from typing import Any

from anyio import to_thread
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, Response

from ..entities import File
from .attachments import disposition, kind
from .problems import Problem, bad_value
from .replies import SAFE_HEADERS, Reply, problem_reply

__all__ = ["Checked", "ClientDisconnect", "Request", "Response", "file_response"]

_HEADERS = {name.decode(): value.decode() for name, value in SAFE_HEADERS}
# Should a browser show it all the same, it is nobody's page.
_HEADERS["content-security-policy"] += "; sandbox"

# So many files are remembered at once.
_KNOWN = 8192

log = logging.getLogger("tracker.server")


class Checked:
    """Which files were found to have the bytes that were logged, and not touched since."""

    def __init__(self) -> None:
        self._marks: dict[Path, tuple[int, ...]] = {}

    def add(self, path: Path) -> None:
        """Remember one whose bytes were just hashed."""
        if len(self._marks) >= _KNOWN:
            self._marks.clear()
        self._marks[path] = _mark(path)

    def knows(self, path: Path) -> bool:
        """Say whether nobody has touched a file since it was hashed."""
        return self._marks.get(path) == _mark(path)


def file_response(path: Path, kept: File, checked: Checked) -> Response:
    """Answer with a file as it was kept, or ranges of it; a browser saves it, and never shows it.

    Raises:
        Problem: it is not as long as it was. Bytes that differ are found while it is sent.
    """
    if path.stat().st_size != kept.size:
        log.error("%s has another size than was logged", path)
        raise Problem("INTERNAL_ERROR", "the file has other bytes than were logged; tracker doctor says what else has")
    # Starlette would add a charset, which nobody knows.
    headers = {**_HEADERS, "content-disposition": disposition(path.name), "content-type": kind(path.name)}
    return _File(path, kept.sha256, headers, checked)


class _File(FileResponse):
    """A file in large pieces, for each costs a thread's turn; its ranges are refused in MLflow's words.

    One that somebody may have touched since it was hashed is checked on the way when it is sent as a whole, and of one
    that has other bytes than were kept the last piece is not sent, so that nobody takes it for whole.
    """

    chunk_size = 2 * 1024 * 1024

    def __init__(self, path: Path, sha256: str, headers: Mapping[str, str], checked: Checked) -> None:
        super().__init__(path, headers=headers)
        self._sha256 = sha256
        self._place = path
        self._checked = checked

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401  # as ASGI has it
        digest = None if self._checked.knows(self._place) else hashlib.sha256()
        # The answer's start, and then the last piece that has not been sent.
        held: dict[str, Any] = {}
        status = HTTPStatus.OK

        async def check_and_send(message: Any) -> None:  # noqa: ANN401  # as ASGI has it
            nonlocal held, status
            if message["type"] == "http.response.start":
                status = message["status"]
            elif held["type"] == message["type"] and not message["body"]:
                # Only that there is no more: what is held was the last piece.
                held["more_body"] = False
                return
            elif digest is not None and status == HTTPStatus.OK:
                await to_thread.run_sync(digest.update, message["body"])
            if status < HTTPStatus.BAD_REQUEST and held:
                await send(held)
            if status < HTTPStatus.BAD_REQUEST or not held:
                held = message

        await super().__call__(scope, receive, check_and_send)
        is_whole = status == HTTPStatus.OK and scope["method"] == "GET"
        if status >= HTTPStatus.BAD_REQUEST:
            await _refusal(held).send(scope, send)
        # Whoever asked for it may have left in between.
        elif not held.get("more_body", True) and (not is_whole or self._is_good(digest)):
            await send(held)

    def _is_good(self, digest: hashlib._Hash | None) -> bool:
        if digest is not None and digest.hexdigest() != self._sha256:
            log.error("%s has other bytes than were logged", self.path)
            return False
        if digest is not None:
            self._checked.add(self._place)
        return True


def _mark(path: Path) -> tuple[int, ...]:
    found = path.stat()
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _refusal(message: Mapping[str, Any]) -> Reply:
    if message["status"] != HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
        return problem_reply(bad_value("the Range header is none"))
    size = tuple((name, value) for name, value in message["headers"] if name == b"content-range")
    reply = problem_reply(Problem("RANGE_NOT_SATISFIABLE", "the file is shorter than the range that is asked for"))
    return replace(reply, headers=size)
