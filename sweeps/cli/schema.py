"""`sweeps schema`."""

from __future__ import annotations

import argparse
import json

from ..config import json_schema


def command(_: argparse.Namespace) -> None:
    """Print the JSON schema of sweep files."""
    print(json.dumps(json_schema(), indent=2, ensure_ascii=False))
