"""How much memory processes hold, as Linux tells it."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from ..programs import Failed

PROC = Path("/proc")
# The place of the session among what follows a process's name in its `stat`.
SESSION = 3
KILO = 1024


def resident(session: int) -> int:
    """Return the bytes that all processes of a session hold; what they share counts for each.

    Raises:
        Failed: this system does not tell.
    """
    return sum(status(pid, "VmRSS") for pid in members(session))


def peak(session: int) -> int:
    """Return the most bytes that the processes of a session have held, each at its own time.

    Raises:
        Failed: this system does not tell.
    """
    return sum(status(pid, "VmHWM") for pid in members(session))


def members(session: int) -> list[int]:
    """Return the processes of a session.

    Raises:
        Failed: this system does not tell.
    """
    pids = [int(path.name) for path in PROC.glob("[0-9]*") if session_of(path) == session]
    if not pids:
        raise Failed("how much memory a process holds is read from /proc, which tells nothing here")
    return pids


def session_of(process: Path) -> int | None:
    """Return a process's session; None if it has ended."""
    with suppress(OSError):
        _, _, rest = (process / "stat").read_text("utf-8", "replace").rpartition(")")
        return int(rest.split()[SESSION])
    return None


def status(pid: int, what: str) -> int:
    """Return an amount from a process's status, in bytes; 0 if it has ended."""
    with suppress(OSError):
        for line in (PROC / str(pid) / "status").read_text("utf-8").splitlines():
            name, _, amount = line.partition(":")
            if name == what:
                return int(amount.split()[0]) * KILO
    return 0
