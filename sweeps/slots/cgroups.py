"""What the cgroups of this process, and those around them, allow: Linux, version 2 and version 1."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple

_PROCESS = Path("/proc/self/cgroup")
_MOUNT = Path("/sys/fs/cgroup")


class CgroupLimits(NamedTuple):
    """Cores, infinite without a limit, and bytes, 0 without."""

    cpu: float
    memory: int


def read_limits(process: Path = _PROCESS, mount: Path = _MOUNT) -> CgroupLimits:
    """Read the least of each that any of the cgroups allows; what cannot be read sets no limit."""
    cpu = [limit for folder in _folders(process, mount, "cpu") for limit in _cpu(folder)]
    memory = [limit for folder in _folders(process, mount, "memory") for limit in _memory(folder)]
    return CgroupLimits(cpu=min(cpu, default=math.inf), memory=min(memory, default=0))


def _folders(process: Path, mount: Path, controller: str) -> Iterator[Path]:
    """Yield the folders of the cgroups that hold a controller, inner ones first.

    A line is `number:controllers:path`, without controllers for version 2. In a container the path may be the host's,
    and then only the outermost folder is there.
    """
    for line in _text(process).splitlines():
        _, controllers, path = [*line.split(":", 2), "", ""][:3]
        if controllers and controller not in controllers.split(","):
            continue
        root = mount / controller if controllers else mount
        inner = PurePosixPath(path.lstrip("/"))
        yield from (root / part for part in (inner, *inner.parents))


def _cpu(folder: Path) -> Iterator[float]:
    """Yield a folder's limit in cores: a quota of time in each period, in microseconds; `max` or -1 is none."""
    files = (folder / "cpu.cfs_quota_us", folder / "cpu.cfs_period_us")
    for quota, period in (_pair(_text(folder / "cpu.max")), _pair(" ".join(map(_text, files)))):
        if quota > 0 and period > 0:
            yield quota / period


def _pair(text: str) -> tuple[int, int]:
    words = [word for word in text.split() if word.isdecimal()]
    return (int(words[0]), int(words[1])) if len(words) == 2 else (0, 0)  # noqa: PLR2004  # a pair


def _memory(folder: Path) -> Iterator[int]:
    for name in ("memory.max", "memory.limit_in_bytes"):
        text = _text(folder / name).strip()
        if text.isdecimal() and int(text) > 0:
            yield int(text)


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8", "replace")
    except OSError:
        return ""
