"""Files on their way to a server: kept in a folder of this machine's until they are there.

What is kept is on the disk, as with `LocalArtifacts`; what logged it says so in the journal, and whoever sends the
journal sends the files first. Files are named by whose they are, their path and their bytes, and numbered where that
is the same: each record of a journal has its own.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path, PurePosixPath
from typing import Protocol

from ..entities import File
from ..errors import NotSupported
from ..system import private_folder, sync_folder
from . import staging
from .copies import Copies, Source, fetch
from .interface import Arriving
from .local import files_in, hash_and_sync, inside


class Remote(Source, Protocol):
    """Where the files go, and come back from."""

    def remove(self, owner: str) -> None:
        """Remove all files of a logged model that was deleted."""


class SpooledArtifacts:
    """Keeps files below a folder until they are sent, and fetches them from where they went, copies below another."""

    def __init__(self, root: Path, remote: Remote, copies: Path) -> None:
        self._root = root
        self._remote = remote
        self._copies = Copies(copies, remote)

    def stage(self) -> AbstractContextManager[Path]:
        """Give an empty folder on the same disk; what was not kept of it is removed at the end."""
        return staging.stage(self._root / "staging")

    def keep(self, owner: str, staged: Path, under: str = "") -> tuple[File, ...]:
        """Move all files of a staged folder to where they wait to be sent; returns them by path."""
        kept = []
        for path in files_in(staged):
            relative = str(PurePosixPath(under) / path.relative_to(staged).as_posix())
            inside(self._root, relative)
            file = File(relative, path.stat().st_size, hash_and_sync(path))
            self._put(path, owner, file)
            kept.append(file)
        return tuple(kept)

    def receive(self, owner: str, path: str) -> AbstractContextManager[Arriving]:
        """Refuse: files that come piece by piece come to a server.

        Raises:
            NotSupported: always.
        """
        raise NotSupported(f"taking {path!r} of {owner} piece by piece", "log the file")

    def place(self, owner: str, path: str) -> Path:
        """Refuse: the file is on the server.

        Raises:
            NotSupported: always.
        """
        raise NotSupported(f"the place of {path!r} of {owner}", "download the files")

    def discard(self, owner: str, path: str) -> None:
        """Refuse: files are removed with their logged model.

        Raises:
            NotSupported: always.
        """
        raise NotSupported(f"removing {path!r} of {owner}", "delete the logged model")

    def folder(self, owner: str, files: Callable[[], Sequence[File]]) -> Path:
        """Return the folder with copies of an owner's files; those that are not there yet are fetched.

        Raises:
            ArtifactDamaged: a file's bytes are not those that were kept.
        """
        return self._copies.folder(owner, files())

    def waiting(self, owner: str, file: File) -> list[Path]:
        """Return where the bytes of a file wait: a place for each time that it was kept, the first one first."""
        folder = self._folder(owner)
        found = folder.glob(f"{_name(file)}.*") if folder.is_dir() else ()
        return sorted(found, key=lambda path: int(path.suffix[1:]))

    def fetch(self, owner: str, files: Sequence[File], destination: Path) -> None:
        """Copy an owner's files into a folder; each is checked against its SHA-256 on the way.

        Raises:
            ArtifactDamaged: a file's bytes are not those that were kept.
        """
        for file in files:
            target = inside(destination, file.path)
            target.parent.mkdir(parents=True, exist_ok=True)
            aside = target.with_name(f".{target.name}.part")
            try:
                fetch(self._remote, owner, file, aside)
                aside.replace(target)
            finally:
                aside.unlink(missing_ok=True)

    def remove(self, owner: str) -> None:
        """Remove all files of a logged model that was deleted."""
        self._remote.remove(owner)
        self._copies.forget(owner)

    def forget(self, place: Path) -> None:
        """Remove a file that was sent, and its owner's folder with the last one."""
        place.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            place.parent.rmdir()

    def _folder(self, owner: str) -> Path:
        return inside(self._root / "waiting", owner)

    def _put(self, path: Path, owner: str, file: File) -> None:
        folder, number = self._folder(owner), 0
        path.chmod(0o600)
        while True:
            private_folder(folder, self._root)
            try:
                os.link(path, folder / f"{_name(file)}.{number}")
            except FileExistsError:
                number += 1
            except FileNotFoundError:
                # Whoever sends may have removed the folder while it was empty.
                if not path.exists():
                    raise
            else:
                path.unlink()
                sync_folder(folder)
                return


def _name(file: File) -> str:
    return f"{hashlib.sha256(file.path.encode()).hexdigest()[:32]}-{file.sha256}"
