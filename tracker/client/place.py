"""Which store is meant: a folder, or a server and this machine's folder for it."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..errors import StoreReadOnly
from ..store.rest import Address, is_address
from ..system import private_folder, sync_folder
from .folder import VARIABLE, StoreFolder

# Where what is on its way to servers waits, if not in the user's state directory.
SPOOL_VARIABLE = "TRACKER_SPOOL"
_URL = "url"


@dataclass(frozen=True, slots=True)
class ServerPlace:
    """A server, and the folder in which waits what it has not stored yet: `journals/`, `files/`, and a lock.

    Beside these are `copies/` of files that it has.
    """

    address: Address
    path: Path

    @property
    def journals(self) -> Path:
        """Where every process's journal lies."""
        return self.path / "journals"

    @property
    def files(self) -> Path:
        """Where files wait."""
        return self.path / "files"

    @property
    def copies(self) -> Path:
        """Where copies of files lie that are on the server; they may be removed, and are fetched again."""
        return self.path / "copies"

    @property
    def lock(self) -> Path:
        """What whoever sends locks."""
        return self.path / "lock"

    @classmethod
    def of(cls, address: Address) -> ServerPlace:
        """Find the folder of a server's."""
        return cls(address, spools() / address.digest)

    def prepare(self) -> None:
        """Make the folder; it says whose it is, and not who signs in.

        Raises:
            StoreReadOnly: it cannot be written.
        """
        try:
            for folder in (self.path, self.journals, self.files):
                private_folder(folder)
            if not (self.path / _URL).exists():
                aside = self.path / f"{_URL}.{secrets.token_hex(8)}"
                aside.touch(mode=0o600)
                aside.write_text(self.address.url)
                aside.rename(self.path / _URL)
                sync_folder(self.path)
        except OSError as problem:
            raise StoreReadOnly(self.path, problem.strerror or str(problem)) from problem


def place_of(store: str | os.PathLike[str] | None) -> StoreFolder | ServerPlace:
    """Find the store: as given, else `TRACKER_STORE`, else `./tracker-store`.

    Raises:
        InvalidInput: it is a URL, and none of a server's.
    """
    named = store or os.environ.get(VARIABLE)
    if isinstance(named, str) and is_address(named):
        return ServerPlace.of(Address.of(named))
    return StoreFolder.named(store)


def spools() -> Path:
    """Return the folder of all servers' folders: `TRACKER_SPOOL`, else `tracker` in the user's state directory."""
    given = os.environ.get(SPOOL_VARIABLE)
    if given:
        return Path(given).expanduser().absolute()
    state = os.environ.get("XDG_STATE_HOME")
    return (Path(state) if state else Path.home() / ".local" / "state").absolute() / "tracker"


def known_servers() -> Iterator[ServerPlace]:
    """Yield the servers for which this machine has a folder."""
    for path in sorted(spools().glob(f"*/{_URL}")):
        with contextlib.suppress(OSError):
            yield ServerPlace(Address.of(path.read_text()), path.parent)
