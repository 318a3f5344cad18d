"""When to fold: pure.

What is logged at one time is committed together. The work of a fold is mostly one of the number of curves, however few
points of each there are, so a slow stream is folded as seldom as keeps the work a small share of the time; nobody waits
for that, since who reads what his own process logged has it folded in first. A fast one is folded without rest, and so
is what a fold could not take all of. Where nothing comes, the looks grow rarer.

Of runs that have ended, nothing is written again, so to wait saves nothing: what comes of short trials is folded often,
and no fold is so long that it gets in the way of what else the process does.
"""

from __future__ import annotations

BUSY = 0.05
IDLE = 0.25
SLOWEST = 2.0
_SLOWER = 1.5
# Between two folds, so many times the seconds that the last one took.
_REST = 100
# What is logged so fast, in bytes per second, must not wait: there would be much to do when somebody waits for it.
_FAST = 3 * 1024 * 1024


def next_wait(wait: float, size: int, lasting: float, seconds: float, *, is_cut: bool) -> float:
    """Return the seconds to the next look.

    Args:
        wait: those before this one.
        size: how many bytes of journals this one folded in.
        lasting: the share of the runs in it that go on.
        seconds: how long that took.
        is_cut: whether it left something for the next one.
    """
    if not size:
        return min(IDLE, max(BUSY, wait * _SLOWER))
    if is_cut or size >= _FAST * max(wait + seconds, BUSY):
        return 0.0
    return min(SLOWEST, max(BUSY, seconds * lasting * _REST))
