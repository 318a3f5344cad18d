"""What is sent back: JSON as a rule, and the headers that keep a browser from making more of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import orjson

from .problems import Problem

JSON = b"application/json"
TEXT = b"text/plain; charset=utf-8"
SAFE_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
)


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer."""

    status: int = 200
    body: bytes = b"{}"
    kind: bytes = JSON
    headers: tuple[tuple[bytes, bytes], ...] = field(default=())

    async def send(self, scope: Any, send: Any) -> None:  # noqa: ANN401  # as ASGI has it
        """Send it; of what was asked for by HEAD only the headers."""
        length = (b"content-length", str(len(self.body)).encode())
        headers = [(b"content-type", self.kind), length, *SAFE_HEADERS, *self.headers]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else self.body})


def json_reply(answer: object) -> Reply:
    """Return an answer as JSON."""
    return Reply(body=orjson.dumps(answer))


def text_reply(text: str) -> Reply:
    """Return a line of text."""
    return Reply(body=text.encode(), kind=TEXT)


def problem_reply(problem: Problem) -> Reply:
    """Return what went wrong, as MLflow's clients know it."""
    told = orjson.dumps({"error_code": problem.code, "message": problem.message})
    # What was asked may be quoted in it: no markup then, whatever reads it.
    told = told.replace(b"<", rb"\u003c").replace(b">", rb"\u003e").replace(b"&", rb"\u0026")
    busy = ((b"retry-after", b"1"),) if problem.status >= 503 else ()  # noqa: PLR2004  # 503 and 507
    return Reply(problem.status, told, headers=(*problem.headers, *busy))
