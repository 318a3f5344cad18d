"""A store behind a server, opened: what is logged goes to the local journal, and from there to the server."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import TypeVar

import anyio
from anyio import to_thread

from ..entities import ModelInfo
from ..entities.edits import Edit
from ..entities.registry_edits import RegistryEdit
from ..errors import NotSupported, StoreUnavailable
from ..filter import DatasetFilter
from ..journal import Journal, JournalFolder
from ..store.rest import Connection, RestStore, carry_out
from ..writer import Sender, WriterLock
from .engine import CLOSE_SECONDS, Engine, background
from .place import ServerPlace
from .recorder import Recorder, spooled
from .registry import RegistrySearches
from .remote_searches import RemoteSearches

# How long to wait for a server's first word, in seconds.
_HELLO_SECONDS = 5.0
# How long to go on sending what earlier programs left, in seconds.
_SYNC_SECONDS = 600.0

log = logging.getLogger("tracker")

Model = TypeVar("Model")


class RemoteEngine(Engine):
    """An open store behind a server; made by `opened`."""

    def __init__(self, place: ServerPlace, connection: Connection, sender: Sender, recorder: Recorder) -> None:
        super().__init__(place.path, RestStore(connection), sender, recorder)
        self._connection = connection

    def searches(self, model: Callable[[ModelInfo, DatasetFilter | None], Model]) -> RegistrySearches[Model]:
        """Return what searches it; `model` makes what is given out of a logged model's facts."""
        return RemoteSearches(self._connection, model)

    async def edit(self, edit: Edit) -> object:
        """Have the server carry out an edit of the registry; all others are MLflow's clients', over its protocol.

        Raises:
            TrackerError: it is refused, or no answer has come in time.
        """
        if not isinstance(edit, RegistryEdit):
            raise NotSupported(type(edit).__name__, "let MLflow's client do it, at the server's URL")
        return await to_thread.run_sync(carry_out, self._connection, edit, abandon_on_cancel=True)


@contextlib.asynccontextmanager
async def opened(place: ServerPlace, *, create: bool, recorder: Recorder | None = None) -> AsyncIterator[RemoteEngine]:
    """Open a store behind a server, and send in the background what earlier processes left.

    Raises:
        StoreUnavailable: the server cannot be reached, and `create` is false.
        AccessRefused, MissingExtra, StoreReadOnly: by what is in the way.
    """
    place.prepare()
    connection = Connection(place.address)
    await _greet(connection, create=create)
    recorder = recorder or Recorder.at(place)
    sender = Sender(connection, spooled(place), place.journals, recorder.journal, WriterLock(place.lock))
    try:
        async with background(sender.run):
            yield RemoteEngine(place, connection, sender, recorder)
    finally:
        with anyio.CancelScope(shield=True):
            await sender.aclose(CLOSE_SECONDS)


async def _greet(connection: Connection, *, create: bool) -> None:
    try:
        await to_thread.run_sync(connection.hello, _HELLO_SECONDS, abandon_on_cancel=True)
    except StoreUnavailable as problem:
        if not create:
            connection.close()
            raise
        log.warning("%s; what is logged waits in the journal", problem)
    except BaseException:
        connection.close()
        raise


@dataclass(frozen=True, slots=True)
class Synced:
    """What was sent to a server, and what still waits, in bytes of journals; and why, if anything does."""

    server: str
    sent: int
    left: int
    problem: str = ""


async def send_all(place: ServerPlace, timeout: float = _SYNC_SECONDS) -> Synced:  # noqa: ASYNC109  # it says what is left
    """Send a server what waits for it, until nothing does or it cannot be reached.

    Raises:
        AccessRefused, MissingExtra, StoreReadOnly: by what is in the way.
    """
    place.prepare()
    connection, folder = Connection(place.address), JournalFolder(place.journals)
    before, problem = folder.unfolded({}), ""
    own, lock = Journal(place.journals), WriterLock(place.lock)
    sender = Sender(connection, spooled(place), place.journals, own, lock, for_all=True)
    try:
        await to_thread.run_sync(connection.hello, _HELLO_SECONDS)
        if not await sender.catch_up(timeout):
            problem = f"{place.address}: not all was sent within {timeout:g} s; run tracker sync again"
        # Once more for the files, of which nothing is left to send.
        await sender.fold()
        if sender.is_refused:
            problem = f"{place.address} refused some of it, which is kept in {place.journals}"
    except StoreUnavailable as unreached:
        problem = str(unreached)
    finally:
        connection.close()
    left = folder.unfolded(sender.known)
    return Synced(place.address.url, max(0, before - left), left, problem)
