"""A server in a thread of this process, over a folder, and what stands between it and its clients."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn

from tracker.server import Manner, make_app
from tracker.server.serving import listen


@contextmanager
def served(store: Path, port: int = 0, manner: Manner | None = None) -> Iterator[str]:
    """Serve a store; gives its address."""
    listening = listen("127.0.0.1", port)
    config = uvicorn.Config(
        make_app(store, manner or Manner()),
        http="httptools",
        ws="none",
        lifespan="on",
        log_level="warning",
        access_log=False,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
