"""Starlette's part: requests whose body is a stream, and answers that are files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import quote

from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, Response

from .problems import Problem, bad_value
from .replies import SAFE_HEADERS, Reply, problem_reply

__all__ = ["ClientDisconnect", "Request", "Response", "file_response"]

_HEADERS = {name.decode(): value.decode() for name, value in SAFE_HEADERS}
# Should a browser show it all the same, it is nobody's page.
_HEADERS["content-security-policy"] += "; sandbox"


def file_response(path: Path) -> Response:
    """Answer with a file, or the ranges of it that are asked for; a browser saves it, and never shows it."""
    disposition = f"attachment; filename*=UTF-8''{quote(path.name, safe='')}"
    headers = {**_HEADERS, "content-disposition": disposition}
    return _File(path, headers=headers, media_type="application/octet-stream")


class _File(FileResponse):
    """A file in large pieces, for each costs a thread's turn; its ranges are refused in MLflow's words."""

    chunk_size = 1024 * 1024

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401  # as ASGI has it
        refused: dict[str, Any] = {}

        async def keep_or_send(message: Any) -> None:  # noqa: ANN401  # as ASGI has it
            if message["type"] == "http.response.start" and message["status"] >= HTTPStatus.BAD_REQUEST:
                refused.update(message)
            if not refused:
                await send(message)

        await super().__call__(scope, receive, keep_or_send)
        if refused:
            await _refusal(refused).send(scope, send)


def _refusal(message: Mapping[str, Any]) -> Reply:
    if message["status"] != HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
        return problem_reply(bad_value("the Range header is none"))
    size = tuple((name, value) for name, value in message["headers"] if name == b"content-range")
    reply = problem_reply(Problem("RANGE_NOT_SATISFIABLE", "the file is shorter than the range that is asked for"))
    return replace(reply, headers=size)
