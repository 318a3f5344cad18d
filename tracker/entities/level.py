"""How safe a logged point is."""

from __future__ import annotations

from enum import StrEnum


class Level(StrEnum):
    """LOGGED: in the journal, outlives the process. SYNCED: outlives the machine. STORED: in the store."""

    LOGGED = "logged"
    SYNCED = "synced"
    STORED = "stored"
