"""Searches whose every answer is known: eight datasets' tables of HPOBench, and trials that run in virtual time."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ..environments import QUIET
from ..programs import Facts, Failed, run
from ..setting import Setting

Point = Mapping[str, int]
# Number → point; number, accuracy → nothing.
Ask = Callable[[int], Point]
Tell = Callable[[int, float], None]

PEER = "hpobench"


def tabulated(setting: Setting, folder: Path) -> Facts:
    """Have the tables written into a folder, by the package that ships them; return their names and axes.

    Raises:
        Failed: it cannot be installed, or peers are left out.
    """
    if setting.peers is None:
        raise Failed("peers were left out, and the tables with them")
    return run("peers.tabulate_hpobench", python=setting.peers.python(PEER), environment=QUIET, folder=folder)


@dataclass(frozen=True)
class Table:
    """What every point of a dataset comes to: accuracy and seconds."""

    axes: Mapping[str, int]
    cells: npt.NDArray[np.float64]

    @classmethod
    def read(cls, path: Path) -> Table:
        """Read an array that was written."""
        cells = np.load(path)
        return cls(dict(zip("abcdefgh", cells.shape[:-1], strict=False)), cells)

    def regret(self, accuracy: float) -> float:
        """Return how far an accuracy is from the best: 0 is the best point, 1 the median one."""
        accuracies = self.cells[..., 0]
        best = float(accuracies.max())
        return (best - accuracy) / (best - float(np.median(accuracies)))

    def search(self, ask: Ask, tell: Tell, *, trials: int, workers: int) -> list[float]:
        """Let workers run trials, each for as long as it took; return the accuracies in the order of their ends."""
        running: list[tuple[float, int, float]] = []
        found = []
        now = 0.0
        for number in range(trials + workers):
            if number >= workers:
                now, ended, accuracy = heapq.heappop(running)
                found.append(accuracy)
                tell(ended, accuracy)
            if number < trials:
                point = ask(number)
                accuracy, seconds = self.cells[tuple(point[name] for name in self.axes)]
                heapq.heappush(running, (now + float(seconds), number, float(accuracy)))
        return found
