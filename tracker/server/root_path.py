"""A server below a path of its proxy's, whether or not the proxy takes that path away before it passes requests on."""

from __future__ import annotations

from typing import Any

from .guard import App


class Below:
    """Takes a root such as `/tracker` away from the paths of requests."""

    def __init__(self, app: App, root: str) -> None:
        self._app = app
        self._root = root
        self._raw = root.encode()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401  # as ASGI has it
        """Pass a request on by its path below the root."""
        if scope["type"] == "http" and f"{scope['path']}/".startswith(f"{self._root}/"):
            path, raw = scope["path"].removeprefix(self._root), scope.get("raw_path", b"").removeprefix(self._raw)
            scope = {**scope, "path": path or "/", "raw_path": raw or b"/"}
        await self._app(scope, receive, send)
