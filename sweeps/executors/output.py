"""What an attempt prints, in a file: everything, or of a flood the beginning and the end.

The processes write the file themselves, in order and whatever happens to the scheduler. Of what is too much, the
middle is given back to the disk while they go on writing (a hole in the file, as Linux has it), and is left out of
the file when they have ended.
"""

from __future__ import annotations

import ctypes
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Self

HEAD_BYTES = 1 << 20
END_BYTES = 3 << 20
# Room for more, so that holes are made seldom.
_SLACK_BYTES = 4 << 20
# From <linux/falloc.h>: keep the size, punch a hole.
_PUNCH = 0x01 | 0x02


class Output:
    """The file that one attempt's processes write; what earlier attempts wrote stays before it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        self._kept = os.fstat(self.file).st_size + HEAD_BYTES
        # Where the hole ends; or, where holes cannot be made, how much was cut out.
        self._hole = self._kept
        self._cut = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def watch(self) -> None:
        """Give the middle of a flood back to the disk."""
        end = os.fstat(self.file).st_size - END_BYTES
        if end - self._hole <= _SLACK_BYTES:
            return
        if _punch(self.file, self._hole, end - self._hole):
            self._hole = end
        else:
            self._cut += end - self._kept
            self._leave_out(end - self._kept)

    def close(self) -> None:
        """Leave out the middle of a flood, saying so, and close the file; nobody writes it any more."""
        # What cannot be made shorter stays as it is: an attempt does not fail by that.
        with suppress(OSError):
            self._finish()
        os.close(self.file)

    def _finish(self) -> None:
        end = os.fstat(self.file).st_size - END_BYTES
        long = end - self._kept > _SLACK_BYTES or self._hole > self._kept
        length = max(end, self._hole) - self._kept if long else 0
        if length or self._cut:
            self._leave_out(length, f"\n… {self._cut + length} bytes are left out here …\n".encode())

    def _leave_out(self, length: int, note: bytes = b"") -> None:
        """Leave out so many bytes behind the beginning; what is written at that moment may be left out with them."""
        rest = os.pread(self.file, END_BYTES + _SLACK_BYTES, self._kept + length)
        os.ftruncate(self.file, self._kept)
        os.write(self.file, note + rest)


def _punch(file: int, start: int, length: int) -> bool:
    """Give a part of a file back to the disk, to be read as zeros; say whether that could be done."""
    if sys.platform != "linux":
        return False
    fallocate = ctypes.CDLL(None).fallocate
    fallocate.argtypes = (ctypes.c_int, ctypes.c_int, ctypes.c_int64, ctypes.c_int64)
    return bool(fallocate(file, _PUNCH, start, length) == 0)
