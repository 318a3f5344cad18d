"""Build `shim.c`, say how programs are started under it, and steer its faults from within such a program."""

from __future__ import annotations

import ctypes
import errno
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

SOURCE = Path(__file__).with_name("shim.c")
# As numbered there.
KINDS = ("write", "pwrite", "fsync", "ftruncate", "rename", "open", "short", "torn")
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


class Fault:
    """Within such a program: what fails is one call below the folder, the n-th of a kind, and, if it stays, all later.

    A "short" write takes half of its bytes; if it stays, later ones none. A "torn" one does, and cannot be undone by
    ftruncate as long as the fault lasts.
    """

    def __init__(self, kind: str, error: str, nth: int, *, stays: bool) -> None:
        self._arguments = KINDS.index(kind) + 1, ERRORS[error], ctypes.c_long(nth), int(stays)
        self._shim = ctypes.CDLL(None)
        self._shim.shim_failed.restype = ctypes.c_long

    @property
    def failed(self) -> int:
        """How many calls have failed since it began."""
        return int(self._shim.shim_failed())

    def __enter__(self) -> Self:
        self._shim.shim_arm(*self._arguments)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._shim.shim_disarm()
