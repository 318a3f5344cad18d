"""`tracker doctor`."""

from __future__ import annotations

import argparse
import platform
import sqlite3

import anyio

from .. import __version__
from ..client.engine import opened
from ..client.folder import StoreFolder
from ..journal import JournalFolder
from .manners import write_json

# The first release whose WAL cannot be corrupted by two connections that checkpoint at once.
_WAL_FIXED = (3, 51, 3)


def doctor(arguments: argparse.Namespace) -> int:
    """Print what is found; return 1 if the file is damaged."""
    findings = anyio.run(_examine, StoreFolder.named(arguments.store))
    if arguments.json:
        write_json(findings)
    else:
        for name, value in findings.items():
            print(f"{name.replace('_', ' '):<24} {value}")
    return 0 if findings["integrity"] == "ok" else 1


async def _examine(folder: StoreFolder) -> dict[str, object]:
    folder.require()
    journals = JournalFolder(folder.journals)
    waiting = sum(end.offset for end in journals.ends().values())
    async with opened(folder, create=False) as engine:
        return {
            "store": str(folder.path),
            "tracker": __version__,
            "python": platform.python_version(),
            "sqlite": sqlite3.sqlite_version,
            "sqlite_wal_bug": "avoided by one writer" if sqlite3.sqlite_version_info < _WAL_FIXED else "fixed",
            "journal_bytes_found": waiting,
            "journal_bytes_left": journals.unfolded(await engine.store.journal_positions()),
            "database_bytes": folder.database.stat().st_size,
            "integrity": await engine.store.integrity(),
        }
