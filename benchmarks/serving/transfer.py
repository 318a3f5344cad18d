"""Sending a file to a server and fetching it, in pieces of a megabyte."""

from __future__ import annotations

import hashlib
import http.client
import statistics
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from ..programs import Facts, Failed
from .rest import HOST, SECONDS

PIECE = 1 << 20
MEGA = 1_000_000
GOOD = range(200, 300)
UP, DOWN = "up", "down"
# To fetch a file takes some tenths of a second, and up to three times as long the next time.
FETCHES = 9


def there_and_back(port: int, path: str, file: Path) -> Facts:
    """Send a file and fetch it some times; return the megabytes per second of each, the median of those.

    What comes is compared when it comes once more.

    Raises:
        Failed: it is refused, or another one comes back.
    """
    megabytes = file.stat().st_size / MEGA
    up = timed(lambda: send(port, path, file))
    down = statistics.median(timed(lambda: fetch(port, path, len)) for _ in range(FETCHES))
    came = hashlib.sha256()
    fetch(port, path, came.update)
    with file.open("rb") as sent:
        if came.digest() != hashlib.file_digest(sent, "sha256").digest():
            raise Failed(f"{path}: another file came down than went up")
    return {UP: megabytes / up, DOWN: megabytes / down}


def timed(work: Callable[[], object]) -> float:
    """Return the seconds that something took."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def send(port: int, path: str, file: Path) -> None:
    """Send a file.

    Raises:
        Failed: it is refused.
    """
    with connected(port) as connection, file.open("rb") as sent:
        connection.request("PUT", path, sent, {"Content-Length": str(file.stat().st_size)})
        response = connection.getresponse()
        require_good(response, path)
        response.read()


def fetch(port: int, path: str, take: Callable[[memoryview], object]) -> None:
    """Fetch a file, and let each piece be taken.

    Raises:
        Failed: it is refused.
    """
    with connected(port) as connection:
        connection.request("GET", path)
        response = connection.getresponse()
        require_good(response, path)
        piece = memoryview(bytearray(PIECE))
        while size := response.readinto(piece):
            take(piece[:size])


def connected(port: int) -> closing[http.client.HTTPConnection]:
    """Connect, and close the connection in the end."""
    return closing(http.client.HTTPConnection(HOST, port, timeout=SECONDS, blocksize=PIECE))


def require_good(response: http.client.HTTPResponse, path: str) -> None:
    """Refuse an answer that is not 2xx."""
    if response.status not in GOOD:
        raise Failed(f"{path} was answered {response.status}: {response.read(200).decode(errors='replace')}")
