"""Files kept with a run or a logged model."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class File:
    """One file: its path relative to its owner (with `/`), its size in bytes and its SHA-256 in hex."""

    path: str
    size: int
    sha256: str
