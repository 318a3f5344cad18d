"""A store behind a server: what is asked of it over HTTP, and what it answers."""

from __future__ import annotations

from .address import Address, is_address
from .connection import Connection
from .files import RestFiles
from .journals import RestJournals
from .patience import wait_after
from .registry import RestRegistry
from .registry_edits import carry_out
from .store import RestStore

__all__ = [
    "Address",
    "Connection",
    "RestFiles",
    "RestJournals",
    "RestRegistry",
    "RestStore",
    "carry_out",
    "is_address",
    "wait_after",
]
