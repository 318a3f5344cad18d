"""What this machine has, for this process: where the operating system and the user's variables are asked."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping

from ..errors import InvalidSweep
from .capacity import Capacity
from .cgroups import CgroupLimits, read_limits
from .threads import own_threads

GPUS = "SWEEPS_GPUS"
VISIBLE = "CUDA_VISIBLE_DEVICES"
# Waking up a driver that nobody else keeps awake takes seconds for each device.
_DRIVER_SECONDS = 30.0


def find_capacity(environ: Mapping[str, str]) -> Capacity:
    """Find out what there is; takes as long as `nvidia-smi` if GPUs are to be asked for, so call it in a thread.

    Cores are those that this process may run on, and no more than the cgroups' share of time, but at least one. GPUs
    are those of `SWEEPS_GPUS`, else of `CUDA_VISIBLE_DEVICES`, else what `nvidia-smi` says. Memory is the least that
    a cgroup allows, else all of the machine's.

    Raises:
        InvalidSweep: SWEEPS_GPUS makes no sense.
    """
    limits = read_limits()
    return Capacity(
        cpu=max(1.0, min(_cores(), limits.cpu)),
        gpus=find_gpus(environ),
        memory=_memory(limits),
        threads=own_threads(environ),
    )


def _cores() -> float:
    if hasattr(os, "sched_getaffinity"):
        return float(len(os.sched_getaffinity(0)))
    return float(os.cpu_count() or 1)


def _memory(limits: CgroupLimits) -> int:
    try:
        total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError):
        total = 0
    known = [size for size in (total, limits.memory) if size > 0]
    return min(known, default=0)


def find_gpus(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return the names of the GPUs, as CUDA_VISIBLE_DEVICES takes them."""
    visible = _visible(environ[VISIBLE]) if VISIBLE in environ else None
    if environ.get(GPUS, "").strip():
        return _chosen(environ[GPUS].strip(), visible or ())
    return _of_driver(environ) if visible is None else visible


def _chosen(text: str, visible: tuple[str, ...]) -> tuple[str, ...]:
    """Read SWEEPS_GPUS: a count such as 4, or a list such as 0,1 (of one device: `3,`)."""
    if text.isdecimal():
        return _counted(int(text), visible)
    names = tuple(name for part in text.split(",") if (name := part.strip()))
    if not names or len(set(names)) < len(names) or any(name.startswith("-") for name in names):
        raise InvalidSweep(f"{text!r} is neither a count such as 4 nor a list of devices such as 0,1", where=GPUS)
    return names


def _counted(count: int, visible: tuple[str, ...]) -> tuple[str, ...]:
    if not visible:
        return tuple(map(str, range(count)))
    if count > len(visible):
        problem = f"{count} GPUs, but {VISIBLE} shows {len(visible)} ({', '.join(visible)}); change one of the two"
        raise InvalidSweep(problem, where=GPUS)
    return visible[:count]


def _visible(text: str) -> tuple[str, ...]:
    """Read CUDA_VISIBLE_DEVICES as CUDA does: up to the first that names no device, such as -1 or NoDevFiles."""
    names: dict[str, None] = {}
    for part in text.split(","):
        name = part.strip()
        if not (name.isdecimal() or name.startswith(("GPU-", "MIG-"))):
            break
        names[name] = None
    return tuple(names)


def _of_driver(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Ask the driver; its indices may be in another order than CUDA's, but they are as many and as distinct."""
    program = shutil.which("nvidia-smi", path=environ.get("PATH"))
    if program is None:
        return ()
    command = [program, "--query-gpu=index", "--format=csv,noheader"]
    try:
        answer = subprocess.run(  # noqa: S603  # found on the user's own PATH
            command, env=dict(environ), capture_output=True, text=True, timeout=_DRIVER_SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return ()
    return tuple(line.strip() for line in answer.stdout.splitlines() if line.strip().isdecimal())
