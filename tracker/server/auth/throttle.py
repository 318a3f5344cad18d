"""How long somebody who was wrong must wait: pure, but for what it remembers.

The first wrong tries are free; after them, each doubles the wait. Wrong tries are counted by what they have in common:
a name from an address, a name from anywhere, an address for any name. Who is right is let off for that name from that
address alone, so that nobody gains tries by signing in as themselves in between.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping

# How many tries are free, and the longest wait; who was not wrong for so long is forgiven. In seconds.
FREE_OF_PAIR, FREE_OF_ONE = 5, 20
LONGEST, CALM = 300.0, 900.0
_MOST = 4096
_DOUBLINGS = 16

Key = tuple[str, ...]


class Throttle:
    """Counts wrong tries; of very many, those of longest ago are forgotten."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._tries: OrderedDict[Key, tuple[int, float]] = OrderedDict()

    def wait(self, keys: Mapping[Key, int]) -> float:
        """Return how many seconds must pass before the next try, given the free tries of each key; 0 if none."""
        if not self._tries:
            return 0.0
        now = self._clock()
        return max([self._wait(key, free, now) for key, free in keys.items()], default=0.0)

    def wrong(self, keys: Iterable[Key]) -> None:
        """Count a wrong try."""
        now = self._clock()
        for key in keys:
            count, last = self._tries.pop(key, (0, now))
            self._tries[key] = (1 if now - last > CALM else count + 1), now
        while len(self._tries) > _MOST:
            self._tries.popitem(last=False)

    def right(self, key: Key) -> None:
        """Let off who was right."""
        self._tries.pop(key, None)

    def _wait(self, key: Key, free: int, now: float) -> float:
        count, last = self._tries.get(key, (0, 0.0))
        if count < free or now - last > CALM:
            return 0.0
        wait: float = min(LONGEST, 2.0 ** min(count - free, _DOUBLINGS))
        return max(0.0, last + wait - now)


def keys_of(name: str | None, address: str) -> dict[Key, int]:
    """Return what tries of a name, or of a token if it is None, from an address are counted by."""
    by_address: dict[Key, int] = {("address", address): FREE_OF_ONE}
    if name is None:
        return by_address
    return {pair_of(name, address): FREE_OF_PAIR, ("name", name): FREE_OF_ONE} | by_address


def pair_of(name: str, address: str) -> Key:
    """Return what tries of a name from an address are counted by."""
    return "pair", name, address
