"""What a place for files offers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from ..entities import File


class Arriving(Protocol):
    """A file whose bytes are still coming."""

    def write(self, piece: bytes) -> None:
        """Take the next bytes."""

    @property
    def sha256(self) -> str:
        """The SHA-256 of all bytes that have come."""

    def keep(self, sha256: str = "") -> File:
        """Say that there are no more; the file is kept then, for good, unless its SHA-256 is another one than is said.

        Raises:
            InvalidInput: it is.
        """
        ...


class Artifacts(Protocol):
    """Keeps whole files or none; an owner is a run's or a logged model's ID."""

    def stage(self) -> AbstractContextManager[Path]:
        """Give an empty folder, aside, to put files into; what was not kept of it is removed at the end."""

    def keep(self, owner: str, staged: Path, under: str = "") -> tuple[File, ...]:
        """Move all files of a staged folder to their owner, for good."""

    def receive(self, owner: str, path: str) -> AbstractContextManager[Arriving]:
        """Take a file of an owner's piece by piece; one that was not kept by the end is nowhere."""

    def folder(self, owner: str, files: Callable[[], Sequence[File]]) -> Path:
        """Return a folder that an owner's files are in, to be read only.

        It is asked which files they are only where they have to be fetched.
        """
        ...

    def place(self, owner: str, path: str) -> Path:
        """Return where a file of an owner's lies, which no link leads to."""
        ...

    def discard(self, owner: str, path: str) -> None:
        """Remove a file of an owner's, if it is there."""

    def fetch(self, owner: str, files: Sequence[File], destination: Path) -> None:
        """Copy an owner's files into a folder, byte for byte."""

    def remove(self, owner: str) -> None:
        """Remove all files of an owner; it may have none."""
