"""The time of day, as everything that is kept has it."""

from __future__ import annotations

import time


def milliseconds() -> int:
    """Return milliseconds since the epoch."""
    return time.time_ns() // 1_000_000
