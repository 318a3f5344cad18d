"""Edits that may be asked for again, since no answer has come: what came of them is kept with what they changed."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

import orjson

from ....entities.registry_edits import Done, Once, RegistryEdit

# Whoever has no answer asks again for less than a minute, and no server carries out so many edits in that time.
KEPT = 100_000
_ANSWER = "SELECT answer FROM answers WHERE edit_id = ?"
_KEEP = "INSERT INTO answers (edit_id, answer) VALUES (?, ?)"
_FORGET = "DELETE FROM answers WHERE edit_no <= ?"


def carry_out(connection: sqlite3.Connection, asked: Once[RegistryEdit], edit: Callable[[], object]) -> Done:
    """Carry out an edit, unless it was by this ID.

    Raises:
        TrackerError: it is refused; nothing is kept of that.
    """
    known = connection.execute(_ANSWER, (asked.edit_id,)).fetchone()
    if known is not None:
        return Done(orjson.loads(known[0]), is_new=False)
    answer = edit()
    kept = connection.execute(_KEEP, (asked.edit_id, orjson.dumps(answer).decode()))
    connection.execute(_FORGET, (int(kept.lastrowid or 0) - KEPT,))
    return Done(answer, is_new=True)
