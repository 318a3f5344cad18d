"""Files in a folder of the local disk.

A file is written aside, forced to the disk and renamed into its place, so what has its name is whole.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from ..entities import File
from ..errors import ArtifactDamaged, InvalidInput

_CHUNK = 1024 * 1024


class LocalArtifacts:
    """`models/<model_id>/…` and `runs/<run_id>/…` below one folder."""

    def __init__(self, root: Path) -> None:
        self._root = root

    @contextlib.contextmanager
    def stage(self) -> Iterator[Path]:
        """Give an empty folder on the same disk; what was not kept of it is removed at the end."""
        aside = self._root / "staging"
        aside.mkdir(mode=0o700, parents=True, exist_ok=True)
        # The folder lies in one of its own: a save function that adds a suffix to its path stays inside.
        with tempfile.TemporaryDirectory(dir=aside) as outer:
            inner = Path(outer) / "files"
            inner.mkdir(mode=0o700)
            yield inner

    def keep(self, owner: str, staged: Path, under: str = "") -> tuple[File, ...]:
        """Move all files of a staged folder to their owner, for good; returns them by path."""
        home = self.path(owner)
        kept = []
        for path in sorted(path for path in staged.rglob("*") if path.is_symlink() or not path.is_dir()):
            if path.is_symlink():
                message = f"{path.name} is a link; only files can be kept"
                raise InvalidInput(message)
            relative = PurePosixPath(under) / path.relative_to(staged).as_posix()
            target = _inside(home, str(relative))
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            kept.append(File(str(relative), path.stat().st_size, _hash_and_sync(path)))
            path.replace(target)
            _sync_folder(target.parent)
        return tuple(kept)

    def path(self, owner: str) -> Path:
        """Return the folder that an owner's files are in."""
        return self._root / ("models" if owner.startswith("m-") else "runs") / owner

    def fetch(self, owner: str, files: Sequence[File], destination: Path) -> None:
        """Copy an owner's files into a folder; each is checked against its SHA-256 on the way.

        Raises:
            ArtifactDamaged: a file is missing, or its bytes are not those that were kept.
        """
        home = self.path(owner)
        for file in files:
            source, target = _inside(home, file.path), _inside(destination, file.path)
            target.parent.mkdir(parents=True, exist_ok=True)
            aside = target.with_name(f".{target.name}.part")
            try:
                if _copy(source, aside) != file.sha256:
                    raise ArtifactDamaged(owner, file.path, "has other bytes than were logged")
                aside.replace(target)
            except FileNotFoundError as missing:
                raise ArtifactDamaged(owner, file.path, "is missing from the store") from missing
            finally:
                aside.unlink(missing_ok=True)


def copy_into(source: Path, staged: Path) -> None:
    """Copy a file, or a folder's content, into a staged folder.

    Raises:
        InvalidInput: there is no such file or folder.
    """
    if source.is_dir():
        shutil.copytree(source, staged, dirs_exist_ok=True)
    elif source.is_file():
        shutil.copy2(source, staged / source.name)
    else:
        message = f"no file or folder {str(source)!r}"
        raise InvalidInput(message)


def _inside(root: Path, relative: str) -> Path:
    pure = PurePosixPath(relative)
    if pure.is_absolute() or ".." in pure.parts or "\0" in relative or not pure.parts:
        message = f"{relative!r} is not a path below its folder"
        raise InvalidInput(message)
    return root / pure


def _copy(source: Path, target: Path) -> str:
    digest = hashlib.sha256()
    with source.open("rb") as reading, target.open("wb") as writing:
        while chunk := reading.read(_CHUNK):
            digest.update(chunk)
            writing.write(chunk)
    return digest.hexdigest()


def _hash_and_sync(path: Path) -> str:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        os.fsync(file.fileno())
    return digest


def _sync_folder(path: Path) -> None:
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
