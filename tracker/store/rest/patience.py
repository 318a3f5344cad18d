"""How long to wait before something is tried again: pure.

Full jitter: any time up to a bound that doubles, so that clients that a server's end has met at one time come back at
different ones (Brooker 2015, "Exponential backoff and jitter").
"""

from __future__ import annotations

import random

_FIRST = 0.1
_LONGEST = 5.0
_DOUBLINGS = 16
# A stranger cannot know when the next one tries; nothing secret is drawn.
_draw = random.SystemRandom()


def wait_after(failures: int, draw: random.Random = _draw) -> float:
    """Return the seconds to wait after so many failures in a row."""
    return draw.uniform(0, min(_LONGEST, _FIRST * 2 ** min(failures, _DOUBLINGS)))
