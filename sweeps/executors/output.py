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
from typing import Self

HEAD_BYTES = 1 << 20
END_BYTES = 3 << 20
# Room for more, so that holes are made seldom.
_SLACK_BYTES = 4 << 20
# From <linux/falloc.h>: keep the size, punch a hole.
_PUNCH = 0x01 | 0x02


class Output:
    """The file that one attempt's processes write; what earlier attempts wrote stays before it."""

    def __init__(self, path: str) -> None:
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

    @property
    def is_untouched(self) -> bool:
        """Whether nobody has written it."""
        return self._hole == self._kept and not self._cut and not os.fstat(self.file).st_size

    def move(self, path: str) -> None:
        """Give a file that nobody has written another name.

        Raises:
            OSError: it keeps its name.
        """
        os.rename(self.path, path)  # noqa: PTH104  # as `remove`
        self.path = path

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
        """Leave out the middle of a flood, saying so, and close the file, which nobody writes any more.

        One that nobody has written at all is removed.
        """
        # What cannot be made shorter stays as it is: an attempt does not fail by that.
        with suppress(OSError):
            self._finish()
        os.close(self.file)

    def _finish(self) -> None:
        size = os.fstat(self.file).st_size
        if not size:
            remove(self.path)
        end = size - END_BYTES
        long = end - self._kept > _SLACK_BYTES or self._hole > self._kept
        length = max(end, self._hole) - self._kept if long else 0
        if length or self._cut:
            self._leave_out(length, f"\n… {self._cut + length} bytes are left out here …\n".encode())

    def _leave_out(self, length: int, note: bytes = b"") -> None:
        """Leave out so many bytes behind the beginning; what is written at that moment may be left out with them."""
        rest = os.pread(self.file, END_BYTES + _SLACK_BYTES, self._kept + length)
        os.ftruncate(self.file, self._kept)
        os.write(self.file, note + rest)


class Outputs:
    """The files of attempts, one after the other.

    What nobody has written, or can write any more, is the next attempt's, by its name: for the disk to make a file
    and to remove it is more work than all else that is done with it.
    """

    def __init__(self) -> None:
        self._untouched: dict[str, Output] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for output in self._untouched.values():
            output.close()

    def open(self, path: str) -> Output:
        """Open an attempt's file.

        Raises:
            OSError: it cannot be made.
        """
        if path in self._untouched:
            return self._untouched.pop(path)
        # What an earlier attempt wrote under this name stays.
        if self._untouched and not os.access(path, os.F_OK):
            _, output = self._untouched.popitem()
            try:
                output.move(path)
            except OSError:
                output.close()
            else:
                return output
        return Output(path)

    def close(self, output: Output, *, is_free: bool) -> None:
        """Take back the file of an attempt that has ended; `is_free`: no process is left that could have it open."""
        if is_free and output.is_untouched:
            self._untouched[output.path] = output
        else:
            output.close()


def remove(path: str) -> None:
    """Remove a file, if it is there."""
    try:  # noqa: SIM105  # by hand, as all that is done for each attempt
        os.unlink(path)  # noqa: PTH108  # to make a path of the text takes longer
    except FileNotFoundError:
        pass


def _punch(file: int, start: int, length: int) -> bool:
    """Give a part of a file back to the disk, to be read as zeros; say whether that could be done."""
    if sys.platform != "linux":
        return False
    fallocate = ctypes.CDLL(None).fallocate
    fallocate.argtypes = (ctypes.c_int, ctypes.c_int, ctypes.c_int64, ctypes.c_int64)
    return bool(fallocate(file, _PUNCH, start, length) == 0)
