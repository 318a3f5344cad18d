"""Clients' journals: frames as they lie there, folded into the store in one commit with how far that is.

So a frame is stored once, however often it is sent. What is damaged, says what cannot be stored, or does not follow
what is stored is refused, with its place; nothing of such a request is kept. So is what speaks of what its sender may
not change.

Whose a journal is nobody asks: its ID is drawn of 2^128 or more, and is told to nobody but by whoever sends it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from anyio import to_thread

from ...entities import number_in
from ...entities.edits import CreateExperiment
from ...entities.registry_edits import CreateRegistered
from ...errors import ExperimentExists, InvalidInput, RegisteredModelExists, StoreUnavailable
from ...journal import Received, Sent
from ...journal.plain import plain
from ...system import milliseconds
from ..auth.roles import Owned
from ..http import Request
from ..replies import Reply, json_reply
from ..routes import Permission, Route
from ..service import SECONDS, Service
from .asking import body_of, raw_route, route
from .spoken import new_names, spoken_of

# One call's columns may be that long; all else is sent in pieces of a mebibyte.
MOST_BYTES = 64 * 1024 * 1024
_BYTES = "application/octet-stream"
_JOURNAL_ID = re.compile(r"[0-9a-f]{32}([0-9a-f]{16})?")


@dataclass(frozen=True, slots=True)
class JournalIds:
    """Some journals."""

    journal_ids: tuple[str, ...]


async def received(request: Request) -> Received:
    """Read what is sent of a journal.

    Raises:
        Problem, InvalidInput: it is too much, or no such thing.
    """
    journal = _journal(request.path_params["journal_id"])
    part, after, offset, earlier = (_number(request, name) for name in ("part", "after", "offset", "earlier"))
    body = await body_of(request, _BYTES, MOST_BYTES)
    if not (part and after <= offset and earlier <= len(body)):
        raise InvalidInput("a part is from 1 on, begins after what it follows, and layouts are a part of the body")
    sent = Sent(journal, part, after, offset, body[earlier:], body[:earlier])
    return await to_thread.run_sync(Received, sent)


async def send(service: Service, asked: Received, journal_id: str) -> Reply:
    """Store what is new of a journal; answer how far it is stored."""
    del journal_id
    if not service.viewer.is_admin:
        await _make_new(service, asked)
    return json_reply(plain(await service.engine.writer.receive(asked, SECONDS)))


async def positions(service: Service, asked: JournalIds) -> object:
    """Return how far journals are stored."""
    return await service.store.received_positions([_journal(each) for each in asked.journal_ids])


def routes() -> list[Route]:
    """Return the routes of journals."""
    return [
        raw_route("POST", "journals/{journal_id}", send, Permission.EDIT, spoken_of, received),
        route("positions", JournalIds, positions, None, Permission.SIGNED_IN),
    ]


async def _make_new(service: Service, asked: Received) -> None:
    """Let whoever asks manage the experiments and registered models that are made by what they sent.

    They are made before it is stored, for what two users make at once can be one's only.
    """
    experiments, registered = await to_thread.run_sync(new_names, asked)
    try:
        for name in experiments:
            if await service.experiment_named(name) is None:
                number = await service.edit(CreateExperiment(name, milliseconds()))
                await service.made(Owned.EXPERIMENT, str(number))
        for name in registered:
            if name not in await service.origins(name):
                await service.edit(CreateRegistered(name, milliseconds()))
                await service.made(Owned.REGISTERED_MODEL, name)
    except (ExperimentExists, RegisteredModelExists) as taken:
        raise StoreUnavailable(f"{taken}, since just now; try again") from taken


def _journal(journal_id: str) -> str:
    if not _JOURNAL_ID.fullmatch(journal_id):
        raise InvalidInput("a journal's ID is 32 or 48 hexadecimal digits")
    return journal_id


def _number(request: Request, name: str) -> int:
    text = request.query_params.get(name, "0")
    number = number_in(text)
    if number is None:
        raise InvalidInput(f"{name} is a number of bytes, or a part's")
    return number
