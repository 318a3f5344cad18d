"""What executors of processes share: how a process ended, the end of its output, how many threads it may use."""

from __future__ import annotations

import os
import signal
from pathlib import Path

TAIL_LINES = 20
_TAIL_BYTES = 16 * 1024
_THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)


def describe_exit(code: int) -> str:
    """Say in words how a process ended, given its return code as `subprocess` has it."""
    if code >= 0:
        return f"exited with code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    return f"was killed by {name}"


def tail_of(text: str) -> str:
    """Return the last lines of a text."""
    return "\n".join(text.rstrip().splitlines()[-TAIL_LINES:])


def read_tail(output: Path) -> str:
    """Return the last lines of a trial's output, of which the file may be large."""
    if not output.exists():
        return ""
    with output.open("rb") as file:
        file.seek(max(0, output.stat().st_size - _TAIL_BYTES))
        return tail_of(file.read().decode("utf-8", "replace"))


def thread_limits(parallel: int) -> dict[str, str]:
    """Return the environment that shares the cores between so many processes, instead of each taking them all.

    What a user says of OpenMP is meant for the others too: they would follow it if nothing were said of them.
    """
    threads = os.environ.get("OMP_NUM_THREADS") or str(max(1, (os.cpu_count() or 1) // parallel))
    return dict.fromkeys(_THREAD_VARIABLES, threads)
