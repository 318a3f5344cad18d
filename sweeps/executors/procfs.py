"""What Linux tells of processes in `/proc`; elsewhere there is nothing to read, and everything here is empty.

Read by hand, since psutil costs a dependency and tens of microseconds more for each process that it looks at.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import NamedTuple

_PROC = "/proc"
_PAGE = os.sysconf("SC_PAGE_SIZE")
# The kernel's own limit on an environment is far above what is ever read here.
_ENVIRONMENT_BYTES = 1 << 21
_CHILDREN_BYTES = 4096


class Kin(NamedTuple):
    """Where a process belongs."""

    parent: int
    session: int


def list_processes() -> set[int]:
    """Return the IDs of all processes."""
    try:
        return {int(name) for name in os.listdir(_PROC) if name.isdecimal()}  # noqa: PTH208  # half the time
    except FileNotFoundError:
        return set()


def list_adopted() -> set[int] | None:
    """Return the IDs of this process's children, among them all that it has adopted; None if that cannot be told.

    What is adopted becomes the main thread's child; what other threads have started is left out.
    """
    try:
        found = os.pread(_children_of(os.getpid()), _CHILDREN_BYTES, 0)
    except OSError:
        return None
    return set(map(int, found.split())) if len(found) < _CHILDREN_BYTES else None


@cache
def _children_of(me: int) -> int:
    """Return the file of this process's children, which stays open: it is read at the end of every attempt."""
    return os.open(f"{_PROC}/{me}/task/{me}/children", os.O_RDONLY)


def read_kin(pid: int) -> Kin | None:
    """Return where a process belongs, None if it is gone."""
    # A program's name stands in brackets before, and may hold anything.
    fields = _read(pid, "stat", 1024).rpartition(b")")[2].split()
    return Kin(int(fields[1]), int(fields[3])) if fields else None


def read_variable(pid: int, name: str) -> str:
    """Return a variable of the environment that a process began with; empty if there is none, or if it is not ours."""
    wanted = name.encode() + b"="
    for entry in _read(pid, "environ", _ENVIRONMENT_BYTES).split(b"\0"):
        if entry.startswith(wanted):
            return os.fsdecode(entry[len(wanted) :])
    return ""


def read_memory(pid: int) -> int:
    """Return how many bytes of memory a process holds now (its resident set)."""
    fields = _read(pid, "statm", 256).split()
    return int(fields[1]) * _PAGE if len(fields) > 1 else 0


def count_memory_kills() -> int:
    """Count the processes that the kernel has killed since memory was short: the machine's, or a control group's."""
    try:
        lines = Path(_PROC, "vmstat").read_bytes().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith(b"oom_kill ")), 0)


def prefer_to_kill(pid: int) -> None:
    """Have the kernel end this process, rather than the scheduler, when memory is short."""
    try:
        file = os.open(f"{_PROC}/{pid}/oom_score_adj", os.O_WRONLY)
    except OSError:
        return
    try:
        os.write(file, b"500")
    except OSError:
        pass
    finally:
        os.close(file)


def _read(pid: int, name: str, size: int) -> bytes:
    """Read a file at once, past the layers of `open`: this is done for every process of the machine."""
    try:
        file = os.open(f"{_PROC}/{pid}/{name}", os.O_RDONLY)
    except OSError:
        return b""
    try:
        return os.read(file, size)
    except OSError:
        return b""
    finally:
        os.close(file)
