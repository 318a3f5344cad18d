"""When to fold: pure.

What is logged at one time is committed together, so a steady stream costs a commit every `BUSY` seconds at any
rate. Where nothing comes, the looks grow rarer.
"""

from __future__ import annotations

BUSY = 0.05
IDLE = 0.25
_SLOWER = 1.5


def next_wait(wait: float, *, found: bool) -> float:
    """Return the seconds to the next look, given those before this one and whether it found anything."""
    return BUSY if found else min(IDLE, wait * _SLOWER)
