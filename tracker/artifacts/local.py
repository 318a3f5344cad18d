"""Files in a folder of the local disk.

A file is written aside, forced to the disk and renamed into its place, so what has its name is whole.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path, PurePosixPath
from typing import BinaryIO, NamedTuple

from ..entities import File
from ..errors import ArtifactDamaged, InvalidInput
from ..system import begin_writing, milliseconds, private_folder, sync_file, sync_folder
from . import staging
from .interface import Arriving

MISSING = "is missing from the store"
OTHER_BYTES = "has other bytes than were logged"
# A file that came this many seconds ago may be one whose record is still on its way.
NEW_SECONDS = 3600.0
_CHUNK = 1024 * 1024
# Of a file that comes, so much goes to the disk while the next comes: an upload of 1 GB takes a fifth less time so.
_STRETCH_BYTES = 8 * 1024 * 1024
_ARRIVING = "arriving"
_NO_FOLDERS = {"", ".", ".."}


class Kept(NamedTuple):
    """A file on the disk: whose it is, its path below its owner's folder, and where it lies."""

    owner: str
    path: str
    place: Path


class LocalArtifacts:
    """`models/<model_id>/…` and `runs/<run_id>/…` below one folder."""

    def __init__(self, root: Path) -> None:
        self._root = root

    @property
    def staging(self) -> Path:
        """The folder of all staging folders."""
        return self._root / "staging"

    def stage(self) -> AbstractContextManager[Path]:
        """Give an empty folder on the same disk; what was not kept of it is removed at the end."""
        return staging.stage(self.staging)

    def keep(self, owner: str, staged: Path, under: str = "") -> tuple[File, ...]:
        """Move all files of a staged folder to their owner, for good; returns them by path."""
        home = self.path(owner)
        kept = []
        for path in files_in(staged):
            relative = PurePosixPath(under) / path.relative_to(staged).as_posix()
            target = inside(home, str(relative))
            kept.append(File(str(relative), path.stat().st_size, hash_and_sync(path)))
            self._move(path, target)
        return tuple(kept)

    @contextlib.contextmanager
    def receive(self, owner: str, path: str) -> Iterator[Arriving]:
        """Take a file of an owner's piece by piece; one that was not kept by the end is nowhere."""
        target = inside(self.path(owner), path)
        with self.stage() as staged, (staged / _ARRIVING).open("wb") as file:
            yield _Arriving(file, path, lambda: self._move(staged / _ARRIVING, target))

    def path(self, owner: str) -> Path:
        """Return the folder that an owner's files are in.

        Raises:
            InvalidInput: the owner's ID, which a foreign store may hold, names no folder here.
        """
        if owner in _NO_FOLDERS or "/" in owner or "\0" in owner:
            raise InvalidInput(f"{owner!r} is no ID of a run or a logged model")
        return self._root / ("models" if owner.startswith("m-") else "runs") / owner

    def folder(self, owner: str, files: Callable[[], Sequence[File]]) -> Path:
        """Return the folder that an owner's files are in, whichever they are."""
        del files
        return self.path(owner)

    def place(self, owner: str, path: str) -> Path:
        """Return where a file of an owner's lies.

        Raises:
            InvalidInput: a link is there, or on the way to it.
        """
        place = inside(self.path(owner), path)
        self._require_no_link(place)
        return place

    def discard(self, owner: str, path: str) -> None:
        """Remove a file of an owner's, if it is there.

        Raises:
            InvalidInput: a link is on the way to it.
        """
        place = inside(self.path(owner), path)
        self._require_no_link(place.parent)
        place.unlink(missing_ok=True)

    def fetch(self, owner: str, files: Sequence[File], destination: Path) -> None:
        """Copy an owner's files into a folder; each is checked against its SHA-256 on the way.

        Raises:
            ArtifactDamaged: a file is missing, or its bytes are not those that were kept.
        """
        home = self.path(owner)
        for file in files:
            source, target = inside(home, file.path), inside(destination, file.path)
            target.parent.mkdir(parents=True, exist_ok=True)
            aside = target.with_name(f".{target.name}.part")
            try:
                if _copy(source, aside) != file.sha256:
                    raise ArtifactDamaged(owner, file.path, OTHER_BYTES)
                aside.replace(target)
            except FileNotFoundError as missing:
                raise ArtifactDamaged(owner, file.path, MISSING) from missing
            finally:
                aside.unlink(missing_ok=True)

    def remove(self, owner: str) -> None:
        """Remove an owner's folder with all that is in it, if it is there."""
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(self.path(owner))

    def check(self, owner: str, file: File, *, deep: bool) -> str:
        """Say what is wrong with a file that was kept, by its size, or by its SHA-256 too; "" if nothing is."""
        path = inside(self.path(owner), file.path)
        try:
            if path.stat().st_size != file.size:
                return f"has {path.stat().st_size} bytes instead of {file.size}"
            return OTHER_BYTES if deep and _hash(path) != file.sha256 else ""
        except FileNotFoundError:
            return MISSING
        except OSError as problem:
            return f"cannot be read ({problem.strerror})"

    def is_new(self, owner: str, file: File) -> bool:
        """Say whether a file came to its place within the last hour."""
        try:
            changed = inside(self.path(owner), file.path).stat().st_ctime
        except OSError:
            return False
        return milliseconds() / 1000 - changed < NEW_SECONDS

    def copy_to(self, other: LocalArtifacts, owner: str, file: File, *, link: bool) -> None:
        """Give another place a copy of a file that was kept, forced to the disk, and checked against its SHA-256.

        With `link` it is the same file by another name, where both places are on one disk; then its size is checked,
        and, since it may have been replaced just now, the SHA-256 of a new one. The names of files and folders are
        not forced to the disk yet.

        Raises:
            ArtifactDamaged: the file is missing, or its bytes are not those that were kept.
        """
        source, target = inside(self.path(owner), file.path), inside(other.path(owner), file.path)
        private_folder(target.parent, other._root)
        target.unlink(missing_ok=True)
        if link and _link(source, target):
            problem = other.check(owner, file, deep=self.is_new(owner, file))
        else:
            problem = _copied(source, target, file)
        if problem:
            target.unlink(missing_ok=True)
            raise ArtifactDamaged(owner, file.path, problem)

    def kept(self) -> Iterator[Kept]:
        """Yield every file below the folders of runs and models, whether it was logged or not."""
        for kind in ("models", "runs"):
            for folder, _, names in os.walk(self._root / kind):
                for name in names:
                    path = Path(folder, name)
                    owner, *inner = path.relative_to(self._root / kind).parts
                    yield Kept(owner, "/".join(inner), path)

    def _require_no_link(self, path: Path) -> None:
        """Refuse a path below the root that a link is on, wherever it leads to; the root may be a link itself."""
        if path.resolve() != self._root.resolve() / path.relative_to(self._root):
            raise InvalidInput(f"{path.name} is reached by a link; only files can be kept")

    def _move(self, path: Path, target: Path) -> None:
        self._require_no_link(target.parent)
        path.chmod(0o600)
        while True:
            try:
                private_folder(target.parent, self._root)
                path.replace(target)
            except FileNotFoundError:
                # Whoever tidies up may have removed the folder while it was empty.
                if not path.exists():
                    raise
            else:
                sync_folder(target.parent)
                return


class _Arriving:
    """A file that is hashed as it comes, and need not be read again for that."""

    def __init__(self, file: BinaryIO, path: str, move: Callable[[], None]) -> None:
        self._file = file
        self._path = path
        self._move = move
        self._size = 0
        self._begun = 0
        self._digest = hashlib.sha256()

    def write(self, piece: bytes) -> None:
        self._size += len(piece)
        self._digest.update(piece)
        self._file.write(piece)
        if self._size - self._begun >= _STRETCH_BYTES:
            self._file.flush()
            begin_writing(self._file.fileno(), self._begun, self._size - self._begun)
            self._begun = self._size

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()

    def keep(self, sha256: str = "") -> File:
        found = self.sha256
        if sha256 not in {"", found}:
            raise InvalidInput(f"file {self._path!r} {OTHER_BYTES}: its SHA-256 is {found}, not {sha256}")
        self._file.flush()
        os.fsync(self._file.fileno())
        self._move()
        return File(self._path, self._size, found)


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


def files_in(staged: Path) -> Iterator[Path]:
    """Yield all files of a staged folder.

    Raises:
        InvalidInput: one is a link.
    """
    for path in sorted(path for path in staged.rglob("*") if path.is_symlink() or not path.is_dir()):
        if path.is_symlink():
            message = f"{path.name} is a link; only files can be kept"
            raise InvalidInput(message)
        yield path


def inside(root: Path, relative: str) -> Path:
    """Return a path below a folder.

    Raises:
        InvalidInput: it leads out of it, or is none.
    """
    pure = PurePosixPath(relative)
    if pure.is_absolute() or ".." in pure.parts or "\0" in relative or not pure.parts:
        message = f"{relative!r} is not a path below its folder"
        raise InvalidInput(message)
    return root / pure


def _link(source: Path, target: Path) -> bool:
    try:
        target.hardlink_to(source)
    except OSError:
        return False
    return True


def _copied(source: Path, target: Path, file: File) -> str:
    target.touch(mode=0o600)
    try:
        problem = "" if _copy(source, target) == file.sha256 else OTHER_BYTES
    except FileNotFoundError:
        return MISSING
    sync_file(target)
    return problem


def _copy(source: Path, target: Path) -> str:
    digest = hashlib.sha256()
    with source.open("rb") as reading, target.open("wb") as writing:
        while chunk := reading.read(_CHUNK):
            digest.update(chunk)
            writing.write(chunk)
    return digest.hexdigest()


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def hash_and_sync(path: Path) -> str:
    """Force a file's bytes to the disk; return their SHA-256."""
    digest = _hash(path)
    sync_file(path)
    return digest
