"""The append-only local log of what a process logged, until the writer has folded it into the store."""

from __future__ import annotations

from .codec import encode, portable, spelled
from .folder import START, JournalFolder, Pending, Position
from .journal import Journal
from .points import Block, Layout, ModelBlock, ModelLayout, model_bytes

__all__ = [
    "START",
    "Block",
    "Journal",
    "JournalFolder",
    "Layout",
    "ModelBlock",
    "ModelLayout",
    "Pending",
    "Position",
    "encode",
    "model_bytes",
    "portable",
    "spelled",
]
