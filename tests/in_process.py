"""A server's application in this process: asked by httpx, or byte for byte as uvicorn would pass a request on."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote

import anyio
import httpx

from tracker.server import Manner, make_app


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes


class Served:
    """An application whose store is open."""

    def __init__(self, app: Any) -> None:  # noqa: ANN401  # as ASGI has it
        self.app = app
        self.client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1")

    async def ask(self, method: str, target: str, body: bytes = b"", **headers: str) -> Answer:
        """Send a request whose target is taken as it is; headers may be named with underscores."""
        path, _, query = target.partition("?")
        told = {"host": "127.0.0.1", **{name.replace("_", "-"): value for name, value in headers.items()}}
        scope = {
            "type": "http",
            "method": method,
            "path": unquote(path),
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "headers": [(name.encode(), value.encode()) for name, value in told.items()],
        }
        return await self._asked(scope, [{"type": "http.request", "body": body}])

    async def _asked(self, scope: Mapping[str, Any], messages: list[dict[str, Any]]) -> Answer:
        sent: list[Any] = []

        async def receive() -> dict[str, Any]:
            # Whoever asked stays until there is an answer.
            if not messages:
                await anyio.sleep_forever()
            return messages.pop(0)

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        await self.app({**scope}, receive, send)
        headers = {name.decode(): value.decode("latin-1") for name, value in sent[0]["headers"]}
        return Answer(sent[0]["status"], headers, b"".join(each.get("body", b"") for each in sent[1:]))


@asynccontextmanager
async def in_process(store: Path, manner: Manner | None = None) -> AsyncIterator[Served]:
    """Open a store and serve it to this process."""
    app = make_app(store, manner or Manner())
    to_app, from_test = anyio.create_memory_object_stream[dict[str, Any]](2)
    to_test, from_app = anyio.create_memory_object_stream[dict[str, Any]](2)
    async with to_app, from_test, to_test, from_app, anyio.create_task_group() as tasks:
        tasks.start_soon(app, {"type": "lifespan"}, from_test.receive, to_test.send)
        await to_app.send({"type": "lifespan.startup"})
        assert (await from_app.receive())["type"] == "lifespan.startup.complete"
        served = Served(app)
        async with served.client:
            yield served
        await to_app.send({"type": "lifespan.shutdown"})
        await from_app.receive()
