"""Copies of files that are on a server, to be read on this machine: fetched once, and kept.

A copy is fetched aside, checked against its SHA-256, forced to the disk and renamed into its place, so what has its
name is whole, whoever else fetches it at the same time. An owner who comes to have other files has other copies, too.
"""

from __future__ import annotations

import hashlib
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

import orjson

from ..entities import File
from ..errors import ArtifactDamaged
from ..system import private_folder, sync_file, sync_folder
from . import staging
from .local import OTHER_BYTES, inside

_STAGING = "staging"
_ONLY_READ = 0o400


class Source(Protocol):
    """Where the files are."""

    def download(self, owner: str, file: File) -> AbstractContextManager[Iterator[bytes]]:
        """Give a file's bytes as they come."""


class Copies:
    """`<owner>/<what its files are>/…` below one folder."""

    def __init__(self, root: Path, source: Source) -> None:
        self._root = root
        self._source = source

    def folder(self, owner: str, files: Sequence[File]) -> Path:
        """Return the folder with copies of these files of an owner's; those that are not there yet are fetched.

        Raises:
            ArtifactDamaged: a file's bytes are not those that were kept; it is not in the folder then.
        """
        home = inside(self._root, owner) / _digest(files)
        private_folder(home, self._root)
        missing = [file for file in files if not _is_there(inside(home, file.path), file)]
        if missing:
            self._remove_abandoned()
            with staging.stage(self._root / _STAGING) as staged:
                for file in missing:
                    self._fetch(owner, file, staged / "arriving", inside(home, file.path))
        return home

    def forget(self, owner: str) -> None:
        """Remove all copies of an owner's files."""
        shutil.rmtree(inside(self._root, owner), ignore_errors=True)

    def _fetch(self, owner: str, file: File, aside: Path, target: Path) -> None:
        fetch(self._source, owner, file, aside)
        sync_file(aside)
        aside.chmod(_ONLY_READ)
        private_folder(target.parent, self._root)
        aside.replace(target)
        sync_folder(target.parent)

    def _remove_abandoned(self) -> None:
        """Remove what processes had fetched that died meanwhile."""
        for path in staging.staged(self._root / _STAGING):
            if time.time() - path.stat().st_mtime > staging.GRACE_SECONDS:
                staging.remove_abandoned(path)


def fetch(source: Source, owner: str, file: File, place: Path) -> None:
    """Fetch a file of an owner's to a place.

    Raises:
        ArtifactDamaged: its bytes are not those that were kept.
    """
    digest = hashlib.sha256()
    with source.download(owner, file) as chunks, place.open("wb") as writing:
        for chunk in chunks:
            digest.update(chunk)
            writing.write(chunk)
    if digest.hexdigest() != file.sha256:
        raise ArtifactDamaged(owner, file.path, OTHER_BYTES)


def _digest(files: Sequence[File]) -> str:
    """Return what names the folder of these files, and of no others."""
    facts = sorted((file.path, file.sha256) for file in files)
    return hashlib.sha256(orjson.dumps(facts)).hexdigest()[:16]


def _is_there(path: Path, file: File) -> bool:
    return path.is_file() and path.stat().st_size == file.size
