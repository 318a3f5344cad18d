"""`tracker gc`."""

from __future__ import annotations

import argparse
from functools import partial

import anyio

from ..client.folder import StoreFolder
from ..upkeep import Tidied, tidy
from .manners import shown, size, write_json

_NAME_WIDTH = 36


def gc(arguments: argparse.Namespace) -> int:
    """Remove what nobody needs any more, and print what that was; return 1 if something could not be removed."""
    folder = StoreFolder.named(arguments.store)
    done = anyio.run(partial(tidy, folder, dry_run=arguments.dry_run, damaged=arguments.damaged))
    if arguments.json:
        write_json(_as_mapping(done))
    else:
        _print(done)
    return 1 if done.failures else 0


def _as_mapping(done: Tidied) -> dict[str, object]:
    return {
        "store": str(done.store),
        "dry_run": done.dry_run,
        "freed": {
            kind.name.lower(): {"number": number, "bytes": freed, "paths": [*map(str, done.paths.get(kind, []))]}
            for kind, (number, freed) in done.freed.items()
        },
        "bytes": done.bytes,
        "left_alone": done.left_alone,
        "failures": done.failures,
    }


def _print(done: Tidied) -> None:
    for kind, (number, freed) in done.freed.items():
        print(f"{kind:<{_NAME_WIDTH}} {number:>8,}  {size(freed):>10}")
    print(f"{'would be freed' if done.dry_run else 'freed'}: {size(done.bytes)}")
    for line in done.left_alone:
        print(f"left alone: {shown(line)}")
    for line in done.failures:
        print(f"WRONG  {shown(line)}")
