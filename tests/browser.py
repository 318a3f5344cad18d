"""A real browser, Chromium, driven by the DevTools protocol over two pipes: messages are JSON, each ended by a NUL."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PROGRAM = shutil.which("chromium")
MISSING = "apt-get install chromium"
# As root there is no sandbox, and in a container little shared memory; and it asks nobody but whom it is sent to.
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-pipe",
)
_PIECE = 1 << 16


@dataclass
class Visit:
    """What a page did while it was opened: the lines that its scripts wrote, and whom it asked for anything."""

    lines: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    is_shown: bool = False


class Browser:
    """One tab of a browser that runs; made by `browser`."""

    def __init__(self, to: int, from_: int) -> None:
        self._to = to
        self._from = from_
        self._rest = b""
        self._numbers = itertools.count(1)
        self._tab = ""
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        self._tab = self._call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Runtime"):
            self._call(f"{domain}.enable")

    def visit(self, url: str) -> Visit:
        """Open a page; return what happened until it was there, or was found to be none that is shown."""
        seen = Visit()
        answer = self._call("Page.navigate", seen, url=url)
        seen.is_shown = "errorText" not in answer
        while seen.is_shown and self._note(self._next(), seen) != "Page.loadEventFired":
            pass
        if seen.is_shown:
            # What was begun by then has been told once this is answered.
            later = "new Promise(done => setTimeout(done, 20))"
            self._call("Runtime.evaluate", seen, expression=later, awaitPromise=True)
        return seen

    def _call(self, method: str, seen: Visit | None = None, **params: object) -> dict[str, Any]:
        number = next(self._numbers)
        session = {"sessionId": self._tab} if self._tab else {}
        said = {"id": number, "method": method, "params": params, **session}
        os.write(self._to, json.dumps(said).encode() + b"\0")
        while (told := self._next()).get("id") != number:
            self._note(told, seen)
        assert "result" in told, told
        result: dict[str, Any] = told["result"]
        return result

    def _note(self, told: dict[str, Any], seen: Visit | None) -> str:
        method, params = told.get("method", ""), told.get("params", {})
        if seen is not None and method == "Runtime.consoleAPICalled":
            seen.lines.append(" ".join(str(each.get("value")) for each in params["args"]))
        if seen is not None and method == "Network.requestWillBeSent":
            seen.requests.append(params["request"]["url"])
        return str(method)

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            piece = os.read(self._from, _PIECE)
            assert piece, "the browser has ended"
            self._rest += piece
        first, _, self._rest = self._rest.partition(b"\0")
        told: dict[str, Any] = json.loads(first)
        return told


@contextmanager
def browser(folder: Path) -> Iterator[Browser]:
    """Start a browser whose profile is in a folder, and end it."""
    assert PROGRAM is not None, MISSING
    its_input, to = os.pipe()
    from_, its_output = os.pipe()
    # It reads from the third and writes to the fourth descriptor.
    command = f'exec "$0" "$@" 3<&{its_input} 4>&{its_output}'
    with (folder / "browser.log").open("wb") as log:
        process = subprocess.Popen(
            ["/bin/bash", "-c", command, PROGRAM, *FLAGS, f"--user-data-dir={folder / 'profile'}"],
            pass_fds=(its_input, its_output),
            stdout=log,
            stderr=log,
        )
    os.close(its_input)
    os.close(its_output)
    try:
        yield Browser(to, from_)
    finally:
        process.kill()
        process.wait()
        os.close(to)
        os.close(from_)
