"""A proxy that breaks what passes: requests are lost on the way, answers on the way back, and some come twice."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx

from .dice import dice

# What may happen to a request, each as often as the next.
FATES = ("passes", "passes", "lost", "answer lost", "twice", "again later")


class BreakingProxy(ThreadingHTTPServer):
    """Passes requests on to a server; `fates` counts what became of them."""

    def __init__(self, server: str, seed: int) -> None:
        super().__init__(("127.0.0.1", 0), _Passing)
        self.fates: Counter[str] = Counter()
        self.address = f"http://127.0.0.1:{self.server_port}"
        self._server = httpx.Client(base_url=server, timeout=30)
        self._draw = dice(seed)
        self._late: list[tuple[str, bytes]] = []
        self._lock = threading.Lock()

    def pass_on(self, path: str, body: bytes) -> httpx.Response | None:
        """Return the answer, or None where there is to be none."""
        with self._lock:
            fate = self._draw.choice(FATES)
            self.fates[fate] += 1
            late = [self._late.pop(0)] if len(self._late) > self._draw.randrange(8) else []
            if fate == "again later":
                self._late.append((path, body))
        for earlier in late:
            self._post(*earlier)
        if fate == "lost":
            return None
        answer = self._post(path, body)
        if fate == "twice":
            answer = self._post(path, body)
        return None if fate == "answer lost" else answer

    def server_close(self) -> None:
        self._server.close()
        super().server_close()

    def _post(self, path: str, body: bytes) -> httpx.Response:
        return self._server.post(path, content=body, headers={"content-type": "application/json"})


class _Passing(BaseHTTPRequestHandler):
    server: BreakingProxy

    def do_POST(self) -> None:  # as the library calls it
        answer = self.server.pass_on(self.path, self.rfile.read(int(self.headers["content-length"])))
        self.close_connection = True
        if answer is not None:
            self.send_response(answer.status_code)
            self.send_header("content-length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def breaking(server: str, seed: int) -> Iterator[BreakingProxy]:
    """Break what passes to a server, within the block."""
    with BreakingProxy(server, seed) as proxy:
        thread = threading.Thread(target=proxy.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield proxy
        finally:
            proxy.shutdown()
            thread.join()
