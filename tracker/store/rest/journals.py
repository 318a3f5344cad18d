"""Journals on their way to a store behind a server."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import orjson

from ...journal import Position, Sent
from ...journal.plain import read
from .connection import Connection

# What one request may take, in seconds: who waits for the server's word waits no longer to be told that there is none.
_SECONDS = 10.0


class RestJournals:
    """Tells a server what is in journals."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def positions(self, journal_ids: Collection[str]) -> dict[str, Position]:
        """Return how far journals are stored, by their IDs; of one that nothing is stored of, nothing.

        Raises:
            StoreUnavailable: the server cannot be reached.
        """
        asked = orjson.dumps({"journal_ids": list(journal_ids)})
        answer = self._connection.send("POST", "positions", asked, kind="application/json", seconds=_SECONDS)
        return {journal_id: _position(place) for journal_id, place in orjson.loads(answer).items()}

    def send(self, sent: Sent) -> Position:
        """Send frames; return how far the journal is stored.

        Raises:
            JournalGap: they do not follow what is stored.
            InvalidFrame: one of them cannot be stored, and so none was.
            StoreUnavailable: the server cannot be reached.
        """
        query = {"part": sent.part, "after": sent.after, "offset": sent.offset, "earlier": len(sent.earlier)}
        body = sent.earlier + sent.frames
        path = f"journals/{sent.journal_id}"
        return _position(orjson.loads(self._connection.send("POST", path, body, query=query, seconds=_SECONDS)))


def _position(told: Any) -> Position:  # noqa: ANN401  # any JSON
    return read(Position, told)
