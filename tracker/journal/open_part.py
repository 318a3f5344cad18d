"""The part of a journal that its process appends to."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
from pathlib import Path
from typing import Self

from .folder import Position, part_path
from .frames import MAGIC
from .points import Layout

# A part ends where it has become too large to keep around for its unfolded rest.
PART_BYTES = 64 * 1024 * 1024
# A layout is written again after so many bytes, so that damage to it can cost no more of what follows.
LAYOUT_BYTES = 1024 * 1024


class OpenPart:
    """A file, and where its next frame goes; made by `begin`.

    It stays locked (`flock`) for as long as this process lives, so others see whether its owner is still there.
    """

    def __init__(self, file: int, path: Path, number: int) -> None:
        self.file = file
        self.path = path
        self.number = number
        self.offset = len(MAGIC)
        self._layout_bytes = 0

    @classmethod
    def begin(cls, folder: Path, journal_id: str, number: int) -> Self:
        """Make a part.

        Raises:
            OSError: the disk did not take it.
        """
        path = part_path(folder, journal_id, number)
        aside = path.with_suffix(".new")
        folder.mkdir(mode=0o700, exist_ok=True)
        file = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            require_whole(os.write(file, MAGIC), MAGIC)
            # It gets its name only when it is locked: an unlocked part counts as left behind by the dead.
            aside.rename(path)
        except OSError:
            os.close(file)
            aside.unlink(missing_ok=True)
            raise
        return cls(file, path, number)

    @property
    def position(self) -> Position:
        """Where the next frame goes."""
        return Position(self.number, self.offset)

    @property
    def is_empty(self) -> bool:
        """Whether it holds nothing but layouts."""
        return self.offset == len(MAGIC) + self._layout_bytes

    @property
    def is_full(self) -> bool:
        """Whether the next frame should go into a new part."""
        return self.offset >= PART_BYTES

    def write(self, frame: bytes) -> None:
        """Append one whole frame, or nothing.

        Raises:
            OSError: the disk did not take it.
        """
        # At its place and not at the end: what a failed write left behind there is written over.
        require_whole(os.pwrite(self.file, frame, self.offset), frame)
        self.offset += len(frame)

    def place(self, layout: Layout) -> None:
        """Write a layout, so that the frames that follow can name it.

        Raises:
            OSError: the disk did not take it.
        """
        offset = self.offset
        self.write(layout.definition())
        self._layout_bytes += self.offset - offset
        layout.home, layout.offset = self, offset
        layout.until = min(offset + LAYOUT_BYTES, PART_BYTES)

    def knows(self, layout: Layout) -> bool:
        """Say whether the next frame can name a layout."""
        return layout.home is self and self.offset < layout.until

    def close(self) -> None:
        """Let go of the file."""
        with contextlib.suppress(OSError):
            # A failed write may have left a piece of a record behind the last whole one.
            os.ftruncate(self.file, self.offset)
        os.close(self.file)


def require_whole(written: int, data: bytes) -> None:
    """Check that a write took everything.

    Raises:
        OSError: it did not, which is how a disk says that it is almost full.
    """
    if written < len(data):
        raise OSError(errno.ENOSPC, "the disk took only a part of what was written")
