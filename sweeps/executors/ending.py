"""What executors of processes share: how a process ended, and why; the end of its output; its share of threads."""

from __future__ import annotations

import re
import signal
from pathlib import Path

from ..trial import Cause

TAIL_LINES = 20
# Return codes of what was killed; a shell says by 137 that what it ran was.
KILLED = (-signal.SIGKILL, 128 + signal.SIGKILL)
_TAIL_BYTES = 16 * 1024
_UNITS = ("bytes", "KiB", "MiB", "GiB", "TiB")
# The last line of a traceback.
_SHORT_OF_MEMORY = re.compile(r"^([\w.]*\.)?(_?\w*MemoryError|OutOfMemoryError)\b[^\n]*\Z", re.MULTILINE)


def describe_exit(code: int) -> str:
    """Say in words how a process ended, given its return code as `subprocess` has it."""
    if code >= 0:
        return f"exited with code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    return f"was killed by {name}"


def cause_of(code: int, tail: str, *, starved: bool) -> Cause:
    """Return why a process failed, given its return code and the end of its output.

    `starved` says that the kernel ended something for want of memory just then.
    """
    if (starved and code in KILLED) or _SHORT_OF_MEMORY.search(tail):
        return Cause.MEMORY
    return Cause.SIGNAL if code < 0 else Cause.CRASH


def is_short_of_memory(error: BaseException) -> bool:
    """Say whether an error means that memory ran out: the machine's, or the device's, as PyTorch has it."""
    return isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError"


def describe_bytes(count: int) -> str:
    """Say a number of bytes in words."""
    power = min(max(0, count.bit_length() - 1) // 10, len(_UNITS) - 1)
    return f"{count / 1024**power:.4g} {_UNITS[power]}"


def tail_of(text: str) -> str:
    """Return the last lines of a text."""
    return "\n".join(text.rstrip().splitlines()[-TAIL_LINES:])


def read_tail(output: str) -> str:
    """Return the last lines of a trial's output, of which the file may be large."""
    path = Path(output)
    if not path.exists():
        return ""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _TAIL_BYTES))
        return tail_of(file.read().decode("utf-8", "replace"))
