"""Fold journals into the store: one writer at a time."""

from __future__ import annotations

from .keeping import JournalKeeper
from .lock import WriterLock
from .sender import Sender
from .writer import Writer

__all__ = ["JournalKeeper", "Sender", "Writer", "WriterLock"]
