"""`sweeps examples`."""

from __future__ import annotations

import argparse

from tracker.cli.manners import write_json

from ..examples import EXAMPLES


def command(arguments: argparse.Namespace) -> None:
    """List the built-in examples."""
    if arguments.json:
        write_json([{"name": example.name, "description": example.description} for example in EXAMPLES.values()])
        return
    for example in EXAMPLES.values():
        print(f"{example.name:<12} {example.description}")
    print("\nsweeps run NAME runs one; sweeps run NAME --write DIR copies it out as a starting point")
