"""Have orphans come to this process: what a trial started and left becomes our child, and can be ended and reaped."""

from __future__ import annotations

import ctypes
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

# From <linux/prctl.h>.
_SET_CHILD_SUBREAPER = 36
_GET_CHILD_SUBREAPER = 37


class _Adoption:
    """Whether this process adopts: from the first that wants it to the last."""

    def __init__(self) -> None:
        self._holders = 0
        self._before = False
        self._lock = threading.Lock()

    def begin(self) -> None:
        with self._lock:
            if self._holders == 0:
                self._before = _adopts()
                _adopt(1)
            self._holders += 1

    def end(self) -> None:
        with self._lock:
            self._holders -= 1
            if self._holders == 0:
                _adopt(int(self._before))


_adoption = _Adoption()


@contextmanager
def adopting_orphans() -> Iterator[None]:
    """Adopt the orphans among this process's descendants while the block runs; do nothing where there is no Linux."""
    if sys.platform != "linux":
        yield
        return
    _adoption.begin()
    try:
        yield
    finally:
        _adoption.end()


def _adopts() -> bool:
    said = ctypes.c_int()
    ctypes.CDLL(None).prctl(_GET_CHILD_SUBREAPER, ctypes.byref(said), 0, 0, 0)
    return bool(said.value)


def _adopt(flag: int) -> None:
    ctypes.CDLL(None).prctl(_SET_CHILD_SUBREAPER, flag, 0, 0, 0)
