"""What the figures were measured on."""

from __future__ import annotations

import os
import platform
import shutil
import sqlite3
import statistics
import subprocess
import time
from pathlib import Path

import numpy as np
import orjson

import tracker

SYNCS = 50
# Nothing that is synced there reaches a disk.
NO_DISK = {"tmpfs", "ramfs"}


def facts(folder: Path) -> dict[str, object]:
    """Return facts about this machine, its Python, and the disk of a folder."""
    return {
        "cpus": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "cpu": processor(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "load": os.getloadavg()[0],
        "system": platform.platform(),
        "file_system": file_system(folder),
        "sync_us": sync_us(folder),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "numpy": np.__version__,
        "orjson": orjson.__version__,
        "tracker": tracker.__version__,
        "commit": commit(),
    }


def processor() -> str:
    """Return the processor's name, as far as the system tells."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text("utf-8").splitlines() if path.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def file_system(folder: Path) -> str:
    """Return the kind of file system that holds a folder; empty where the system does not list them."""
    mounts = Path("/proc/mounts")
    lines = mounts.read_text("utf-8").splitlines() if mounts.is_file() else []
    places = {Path(line.split()[1]): line.split()[2] for line in lines}
    here = folder.resolve()
    return next((places[place] for place in (here, *here.parents) if place in places), "")


def sync_us(folder: Path) -> float:
    """Time forcing 4 KiB to the disk: the median in microseconds."""
    path, times = folder / "sync", []
    file = os.open(path, os.O_WRONLY | os.O_CREAT)
    for _ in range(SYNCS):
        os.write(file, bytes(4096))
        started = time.perf_counter()
        os.fsync(file)
        times.append(time.perf_counter() - started)
    os.close(file)
    path.unlink()
    return statistics.median(times) * 1e6


def commit() -> str:
    """Return which commit is measured, and whether it was changed since; empty outside a repository."""
    git = shutil.which("git")
    if git is None:
        return ""
    command = [git, "-C", str(Path(__file__).parent), "describe", "--always", "--dirty", "--abbrev=12"]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
