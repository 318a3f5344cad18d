"""`tracker backup`."""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict

import anyio

from ..client.backup import Backup, back_up
from ..client.engine import opened
from ..client.folder import StoreFolder
from .manners import shown, size, write_json


def backup(arguments: argparse.Namespace) -> int:
    """Copy the store; return 1 if files in it were damaged or something was too late to be in the copy."""
    made = anyio.run(_back_up, arguments)
    if arguments.json:
        write_json(asdict(made) | {"path": str(made.path)})
    else:
        total = f"database {size(made.database_bytes)}, {made.files:,} files {size(made.file_bytes)}"
        print(f"{shown(made.path)}: {total}")
    for line in made.damaged:
        sys.stderr.write(f"tracker: {shown(line)}; it is not in the backup\n")
    if not made.caught_up:
        sys.stderr.write("tracker: what still waits in journals is not in the backup; tracker doctor says why\n")
    return 1 if made.damaged or not made.caught_up else 0


async def _back_up(arguments: argparse.Namespace) -> Backup:
    async with opened(StoreFolder.named(arguments.store), create=False) as engine:
        return await back_up(engine, arguments.destination, link=arguments.link)
