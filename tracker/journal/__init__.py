"""The append-only local log of what a process logged, until the writer has folded it into the store."""

from __future__ import annotations

from .codec import encode, encode_metrics
from .folder import START, JournalFolder, Pending, Position
from .journal import Journal

__all__ = ["START", "Journal", "JournalFolder", "Pending", "Position", "encode", "encode_metrics"]
