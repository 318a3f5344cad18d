"""What a sweep runs, kept in its own folder.

A run's tags may be changed by whoever a server lets, and would name the program that is run when a sweep is resumed.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

_NAME = "config.json"


def keep(folder: Path, description: str) -> None:
    """Keep a sweep's description: the whole of it, or the one before where there is no room for it."""
    with suppress(OSError):
        _replace(folder / _NAME, description.encode())


def kept(folder: Path) -> str | None:
    """Return the description that a sweep ran by last; None where it ran in another place, or before one was kept."""
    with suppress(FileNotFoundError):
        return (folder / _NAME).read_text("utf-8")
    return None


def _replace(path: Path, data: bytes) -> None:
    aside = path.with_name(f"{path.name}.new")
    file = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with open(file, "wb") as writing:  # noqa: PTH123  # a file that is open
        writing.write(data)
        writing.flush()
        os.fsync(file)
    aside.replace(path)
