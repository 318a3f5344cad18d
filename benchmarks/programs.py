"""Programs of their own processes: what they are asked on the command line, they answer in their last line, as JSON."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

ROOT = Path(__file__).parents[1]

Facts = dict[str, Any]


class Failed(Exception):
    """A program did not answer: `str()` is one line that says why."""


def command(module: str, *, python: str | os.PathLike[str] = sys.executable, **words: object) -> list[str]:
    """Return the command line of a module of this package, with `--word value` for each word."""
    line = [os.fspath(python), "-m", f"{__package__}.{module}"]
    return line + [part for word, value in words.items() if value != "" for part in (f"--{word}", str(value))]


def run(
    module: str,
    *,
    python: str | os.PathLike[str] = sys.executable,
    environment: Mapping[str, str] | None = None,
    **words: object,
) -> Facts:
    """Run a module of this package to its end, and return its answer.

    Raises:
        Failed: it ended in error, or without an answer.
    """
    done = subprocess.run(
        command(module, python=python, **words),
        env=surroundings(environment or {}),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise Failed(f"{module} ended with {done.returncode}: {last_line(done.stderr) or 'it said nothing'}")
    return parse(module, done.stdout)


def surroundings(more: Mapping[str, str]) -> dict[str, str]:
    """Return this process's environment without the user's settings of the tracker, with this repository to import."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("TRACKER_")}
    path = os.pathsep.join([str(ROOT), *filter(None, [kept.get("PYTHONPATH")])])
    return {**kept, "PYTHONPATH": path, **more}


def parse(module: str, said: str) -> Facts:
    """Return the JSON of the last line.

    Raises:
        Failed: it is none.
    """
    try:
        facts = orjson.loads(last_line(said))
    except orjson.JSONDecodeError:
        facts = None
    if not isinstance(facts, dict):
        raise Failed(f"{module} ended without an answer: {last_line(said)!r}")
    return facts


def last_line(text: str) -> str:
    """Return the last line that is not empty, not too long for a line."""
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1].strip() if lines else ""
