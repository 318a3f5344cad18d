"""Build `shim.c`, say how programs are started under it, and steer its faults from within such a program."""

from __future__ import annotations

import ctypes
import errno
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest

SOURCE = Path(__file__).with_name("shim.c")
# As numbered there.
KINDS = ("write", "pwrite", "fsync", "ftruncate", "rename", "open", "short", "any")
ERRORS = {"EIO": errno.EIO, "ENOSPC": errno.ENOSPC}


@cache
def library(folder: Path) -> Path:
    """Compile the shim into a folder; skip the test where that cannot be done."""
    compiler = shutil.which("cc")
    if not sys.platform.startswith("linux") or compiler is None:
        pytest.skip("the shim needs Linux and a C compiler")
    built = folder / "shim.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-O2", "-pthread", "-o", built, SOURCE], check=True)
    return built


def recording(shim: Path, folder: Path, trace: Path) -> dict[str, str]:
    """Return the environment in which a program's changes below a folder are recorded."""
    return {"LD_PRELOAD": str(shim), "SHIM_TRACED": str(folder.resolve()), "SHIM_TRACE": str(trace)}


def failing(shim: Path, folder: Path) -> dict[str, str]:
    """Return the environment in which a program can let its own calls below a folder fail."""
    return {"LD_PRELOAD": str(shim), "SHIM_FAULTY": str(folder.resolve())}


@contextmanager
def fault(kind: str, error: str, nth: int, *, stays: bool) -> Iterator[list[int]]:
    """Within such a program: let the n-th call of a kind from now on fail, and, if it stays, all later ones.

    Yields a list that holds, after the block, how many calls have failed.
    """
    shim = ctypes.CDLL(None)
    failed: list[int] = []
    shim.shim_arm(KINDS.index(kind) + 1, ERRORS[error], ctypes.c_long(nth), int(stays))
    try:
        yield failed
    finally:
        shim.shim_disarm.restype = ctypes.c_long
        failed.append(shim.shim_disarm())
