"""A store's folder: what lies where in it, and whether it is one."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from ..errors import NetworkFileSystem, NotAStore, NotSupported, StoreNotFound, StoreReadOnly
from ..store.rest import is_address
from ..system import find_mount, is_network, private_folder, sync_folder

DEFAULT = "tracker-store"
VARIABLE = "TRACKER_STORE"
# For who knows that nobody uses the store from another machine.
NETWORK_VARIABLE = "TRACKER_NETWORK_STORE"
# What another process that is making the same store just now may have made already.
_UNFINISHED = {"artifacts", "journals", "tracker.lock"}
_UNFINISHED_FILE = "tracker.new"


@dataclass(frozen=True, slots=True)
class StoreFolder:
    """`tracker.db`, `artifacts/`, `journals/`, and the writer's lock beside the file."""

    path: Path

    @property
    def database(self) -> Path:
        """The SQLite file."""
        return self.path / "tracker.db"

    @property
    def artifacts(self) -> Path:
        """Where files are kept."""
        return self.path / "artifacts"

    @property
    def journals(self) -> Path:
        """Where every process's journal lies."""
        return self.path / "journals"

    @property
    def lock(self) -> Path:
        """What the writer locks."""
        return self.path / "tracker.lock"

    @classmethod
    def named(cls, store: str | os.PathLike[str] | None) -> StoreFolder:
        """Find the folder: as given, else `TRACKER_STORE`, else `./tracker-store`.

        Raises:
            NotSupported: it is a URL.
        """
        named = store or os.environ.get(VARIABLE) or DEFAULT
        if is_address(named):
            raise NotSupported("what needs the store's own folder", "do it on the server's machine")
        return cls(Path(named).expanduser().absolute())

    def require(self) -> None:
        """Check that a store is there.

        Raises:
            StoreNotFound: it is not.
            NotAStore: something else is.
            NetworkFileSystem: it is on another machine's disk.
        """
        if not self.path.exists():
            raise StoreNotFound(self.path)
        if not self.database.is_file():
            raise NotAStore(self.path, self._problem())
        self._require_local()

    def prepare(self) -> None:
        """Make the folders of a new store, or check those of an old one.

        Raises:
            NotAStore: the folder holds something else.
            NetworkFileSystem: it is on another machine's disk.
            StoreReadOnly: it cannot be written.
        """
        self._require_local()
        if self.path.exists() and not self.database.exists() and (problem := self._problem(empty_is_fine=True)):
            raise NotAStore(self.path, problem)
        new = [each for each in (self.path, *self.path.parents) if not each.exists()]
        try:
            for folder in (self.path, self.artifacts, self.journals):
                private_folder(folder)
            for folder in new:
                # What is stored must not vanish with its folder's name at a power failure.
                sync_folder(folder.parent)
        except OSError as error:
            raise StoreReadOnly(self.path, error.strerror or str(error)) from error
        for folder in (self.path, self.journals):
            if not os.access(folder, os.W_OK | os.X_OK):
                raise StoreReadOnly(folder, "the folder is read-only")

    def _require_local(self) -> None:
        mount = find_mount(self.path)
        if mount and is_network(mount) and os.environ.get(NETWORK_VARIABLE) != "allow":
            raise NetworkFileSystem(self.path, mount.kind, mount.source)

    def _problem(self, *, empty_is_fine: bool = False) -> str:
        if not self.path.is_dir():
            return "it is not a folder"
        names = {entry.name for entry in self.path.iterdir()} - _UNFINISHED
        others = sorted(name for name in names if not name.startswith(_UNFINISHED_FILE))
        if others:
            return f"it holds other files ({', '.join(others[:3])}{', …' if len(others) > 3 else ''})"  # noqa: PLR2004
        return "" if empty_is_fine else "it has no tracker.db"
