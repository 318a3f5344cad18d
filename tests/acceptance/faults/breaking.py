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
        self._late: list[tuple[str, bytes, str]] = []
        self._lock = threading.Lock()

    def pass_on(self, path: str, body: bytes, kind: str) -> httpx.Response | None:
        """Return the answer, or None where there is to be none."""
        with self._lock:
            fate = self._draw.choice(FATES)
            self.fates[fate] += 1
            late = [self._late.pop(0)] if len(self._late) > self._draw.randrange(8) else []
            if fate == "again later":
                self._late.append((path, body, kind))
        for earlier in late:
            self._post(*earlier)
        if fate == "lost":
            return None
        answer = self._post(path, body, kind)
        if fate == "twice":
            answer = self._post(path, body, kind)
        return None if fate == "answer lost" else answer

    def ask(self, path: str) -> httpx.Response:
        """Return the answer to what changes nothing; it always passes."""
        return self._server.get(path)

    def server_close(self) -> None:
        self._server.close()
        super().server_close()

    def _post(self, path: str, body: bytes, kind: str) -> httpx.Response:
        return self._server.post(path, content=body, headers={"content-type": kind})


class _Passing(BaseHTTPRequestHandler):
    server: BreakingProxy

    def do_POST(self) -> None:  # as the library calls it
        body = self.rfile.read(int(self.headers["content-length"]))
        self._answer(self.server.pass_on(self.path, body, self.headers["content-type"]))

    def do_GET(self) -> None:  # as the library calls it
        self._answer(self.server.ask(self.path))

    def _answer(self, answer: httpx.Response | None) -> None:
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
