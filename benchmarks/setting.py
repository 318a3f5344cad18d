"""How a suite is run: how much is logged, how often, where, and beside whom."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .environments import Environments


@dataclass(frozen=True)
class Setting:
    """What every question is given.

    Attributes:
        points: how many points a short measurement of ours logs; peers get the share of it that takes them seconds.
        rounds: how often a short measurement is repeated, in turns with what it is compared with.
        large: points of the large store.
        seconds: how long the twenty runs log.
        models: how many models the store has that is searched.
        trials: how many trials the sweep has that is resumed; a short sweep has a share of it that takes seconds.
        folder: the disk that is measured.
        peers: environments of the peers; none if they are left out.
    """

    points: int
    rounds: int
    large: int
    seconds: float
    models: int
    trials: int
    folder: Path
    peers: Environments | None

    @contextmanager
    def room(self) -> Iterator[Path]:
        """Give an empty folder on the disk that is measured, and take it away again.

        What was written before is forced to the disk first: whoever forces a byte would else wait for all of that.
        """
        os.sync()
        with tempfile.TemporaryDirectory(prefix="tracker-benchmark-", dir=self.folder) as folder:
            yield Path(folder)

    def shared(self, name: str, fill: Callable[[Path], object]) -> Path:
        """Give a folder that several questions read and none changes; the first one that asks fills it."""
        folder = self.folder / name
        if not folder.exists():
            aside = folder.with_suffix(".new")
            shutil.rmtree(aside, ignore_errors=True)
            fill(aside)
            aside.rename(folder)
        return folder

    def say(self, line: str) -> None:
        """Tell who waits what is going on."""
        print(line, file=sys.stderr, flush=True)
