"""Losses in order."""

from __future__ import annotations

from bisect import bisect_left, insort


class Ranked:
    """One loss for each of many trials, in order: `ranked[0]` is the least."""

    def __init__(self) -> None:
        self._of: dict[int, float] = {}
        self._sorted: list[float] = []

    def __len__(self) -> int:
        return len(self._sorted)

    def __getitem__(self, place: int) -> float:
        return self._sorted[place]

    def put(self, number: int, loss: float) -> None:
        """Set a trial's loss, which is a number or infinite."""
        self.drop(number)
        self._of[number] = loss
        insort(self._sorted, loss)

    def drop(self, number: int) -> None:
        """Forget a trial's loss, if it has one."""
        loss = self._of.pop(number, None)
        if loss is not None:
            del self._sorted[bisect_left(self._sorted, loss)]
