"""The access log: one line of JSON for each request, in ASCII, so that nothing in it moves a terminal."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from ..errors import InvalidInput
from ..system import milliseconds
from .observing import Seen

STDOUT = "-"
_DELETE = "\x7f"


def line_of(seen: Seen, time: int) -> bytes:
    """Return the line of a request, given the time in milliseconds since the epoch: pure."""
    told = {
        "time": datetime.fromtimestamp(time / 1000, UTC).isoformat(timespec="milliseconds"),
        "method": seen.method,
        "path": seen.path.replace(_DELETE, "%7F"),
        "status": seen.status,
        "bytes": seen.size,
        "ms": round(seen.seconds * 1000, 3),
    }
    if seen.user:
        told["user"] = seen.user
    return json.dumps(told, separators=(",", ":")).encode() + b"\n"


def access_log(place: str) -> Callable[[Seen], None]:
    """Return what writes each request's line into a file, or to standard output for `-`.

    Raises:
        InvalidInput: the file cannot be written.
    """
    file = sys.stdout.fileno() if place == STDOUT else _opened(place)

    def write(seen: Seen) -> None:
        # A full disk must not keep anybody from being answered.
        with suppress(OSError):
            os.write(file, line_of(seen, milliseconds()))

    return write


def _opened(place: str) -> int:
    try:
        return os.open(Path(place).expanduser(), os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as problem:
        raise InvalidInput(f"--access-log {place}: {problem.strerror}; name a file that can be written, or -") from None
