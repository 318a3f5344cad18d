"""The append-only local log of what a process logged, until the writer has folded it into the store."""

from __future__ import annotations

from .codec import encode, portable
from .fences import shut_off
from .folder import START, JournalFolder, Pending, Position
from .journal import Journal
from .plain import spelled
from .points import Block, Layout, ModelBlock, ModelLayout, model_bytes
from .received import SENT, Received, Said, Sent, stored_name
from .spool import Letter, Spool

__all__ = [
    "SENT",
    "START",
    "Block",
    "Journal",
    "JournalFolder",
    "Layout",
    "Letter",
    "ModelBlock",
    "ModelLayout",
    "Pending",
    "Position",
    "Received",
    "Said",
    "Sent",
    "Spool",
    "encode",
    "model_bytes",
    "portable",
    "shut_off",
    "spelled",
    "stored_name",
]
