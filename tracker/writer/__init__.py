"""Fold journals into the store: one writer at a time."""

from __future__ import annotations

from .lock import WriterLock
from .writer import Writer

__all__ = ["Writer", "WriterLock"]
