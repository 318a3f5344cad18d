"""Starlette's part: requests whose body is a stream, and answers that are files."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, Response

from .replies import SAFE_HEADERS

__all__ = ["ClientDisconnect", "Request", "Response", "file_response"]

_HEADERS = {name.decode(): value.decode() for name, value in SAFE_HEADERS}


class _InLargePieces(FileResponse):
    """Each piece costs a thread's turn."""

    chunk_size = 1024 * 1024


def file_response(path: Path) -> Response:
    """Answer with a file, or the ranges of it that are asked for; a browser saves it, and never shows it."""
    disposition = f"attachment; filename*=UTF-8''{quote(path.name, safe='')}"
    headers = {**_HEADERS, "content-disposition": disposition}
    return _InLargePieces(path, headers=headers, media_type="application/octet-stream")
