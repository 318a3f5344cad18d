"""Losses in order."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort

# A block is moved in memory to make room for a loss, and blocks are counted to find a place: either takes microseconds
# as long as there are hundreds of thousands of trials.
_LARGEST = 2000


class Ranked:
    """One loss for each of many trials, in order: `ranked[0]` is the least.

    They are kept in blocks, each in order. Equal losses share a block, so that one of them is found where it is sought.
    """

    def __init__(self) -> None:
        self._of: dict[int, float] = {}
        self._blocks: list[list[float]] = [[]]
        # What begins each block but the first: less is further left.
        self._edges: list[float] = []

    def __len__(self) -> int:
        return len(self._of)

    def __getitem__(self, place: int) -> float:
        for block in self._blocks:
            if place < len(block):
                return block[place]
            place -= len(block)
        raise IndexError(place)

    def put(self, number: int, loss: float) -> None:
        """Set a trial's loss, which is a number or infinite."""
        self.drop(number)
        self._of[number] = loss
        at = bisect_right(self._edges, loss)
        insort(self._blocks[at], loss)
        if len(self._blocks[at]) > _LARGEST:
            self._split(at)

    def drop(self, number: int) -> None:
        """Forget a trial's loss, if it has one."""
        loss = self._of.pop(number, None)
        if loss is not None:
            block = self._blocks[bisect_right(self._edges, loss)]
            del block[bisect_left(block, loss)]

    def _split(self, at: int) -> None:
        block = self._blocks[at]
        middle = bisect_left(block, block[len(block) // 2])
        if middle:
            self._blocks.insert(at + 1, block[middle:])
            self._edges.insert(at, block[middle])
            del block[middle:]
