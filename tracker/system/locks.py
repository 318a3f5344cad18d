"""Who locks a file, as Linux tells it; elsewhere it is not known.

A line of `/proc/locks` is: number and colon, kind, ADVISORY, READ or WRITE, process ID, device and inode as
`major:minor:inode` (the first two hexadecimal), first byte, last byte or EOF. One that waits for another's lock has
`->` before its kind.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

LOCKS = Path("/proc/locks")
_LINE = re.compile(
    r"\d+: (?P<kind>\w+) +\w+ +(?P<mode>READ|WRITE|RW) +(?P<process>-?\d+) "
    r"(?P<major>[0-9a-f]+):(?P<minor>[0-9a-f]+):(?P<inode>\d+) (?P<first>\d+) (?P<last>\d+|EOF)"
)


class FileLock(NamedTuple):
    """A lock that a process holds on the bytes from `first` to `last` of a file; `last` None is its end."""

    kind: str
    writes: bool
    process: int
    device: int
    inode: int
    first: int
    last: int | None

    def covers(self, byte: int) -> bool:
        """Say whether a byte is among those locked."""
        return self.first <= byte and (self.last is None or byte <= self.last)


def held_locks() -> list[FileLock]:
    """Return the locks that all processes hold just now, those of this process too; none where it cannot be told."""
    try:
        return list(parse_locks(LOCKS.read_text("ascii", "replace")))
    except OSError:
        return []


def locks_on(path: Path, held: Iterable[FileLock] | None = None) -> list[FileLock]:
    """Return which of the locks, by default of those held just now, are on a file."""
    try:
        file = path.stat()
    except OSError:
        return []
    locks = held_locks() if held is None else held
    return [lock for lock in locks if (lock.device, lock.inode) == (file.st_dev, file.st_ino)]


def parse_locks(text: str) -> Iterator[FileLock]:
    """Yield the locks of a `/proc/locks` that are held; who waits for one holds none: pure."""
    for found in filter(None, map(_LINE.match, text.splitlines())):
        yield FileLock(
            kind=found["kind"],
            writes=found["mode"] != "READ",
            process=int(found["process"]),
            device=os.makedev(int(found["major"], 16), int(found["minor"], 16)),
            inode=int(found["inode"]),
            first=int(found["first"]),
            last=None if found["last"] == "EOF" else int(found["last"]),
        )


def is_alive(process: int) -> bool:
    """Say whether a process of that ID is there (another may have got the ID since)."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True


def process_name(process: int) -> str:
    """Return a process's ID with the name of its program, where that can be told."""
    try:
        name = Path(f"/proc/{process}/comm").read_text("utf-8", "replace").strip()
    except OSError:
        return str(process)
    return f"{process} ({name})"
