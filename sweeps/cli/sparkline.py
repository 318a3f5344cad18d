"""A curve in one line of text: pure."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence

_BLOCKS = "▁▂▃▄▅▆▇█"
# Where values span more than this, their order of magnitude is drawn.
_WIDE = 100.0


def steps_line(points: Sequence[tuple[float, float]], end: float, width: int) -> str:
    """Draw a value that holds until the next point, from the first point's time to `end`, as `width` characters.

    `points` holds (time, finite value) in order of time. The least value is the lowest block; where all are equal, so
    is the line.
    """
    if not points:
        return ""
    times = [time for time, _ in points]
    begin, length = times[0], max(end, times[-1]) - times[0]
    shares = [(place + 1) / width for place in range(width)]
    values = [points[max(bisect_right(times, begin + share * length) - 1, 0)][1] for share in shares]
    # What came first is there to be seen, however soon something better came.
    values[0] = points[0][1]
    return "".join(_BLOCKS[min(int(level * len(_BLOCKS)), len(_BLOCKS) - 1)] for level in _levels(values))


def _levels(values: Sequence[float]) -> list[float]:
    """Return values as shares of their range, from 0 to 1."""
    low, high = min(values), max(values)
    if low > 0 and high / low > _WIDE:
        return _levels([math.log(value) for value in values])
    # Halved, so that no range is infinite.
    return [(value / 2 - low / 2) / (high / 2 - low / 2) if high > low else 0.0 for value in values]
