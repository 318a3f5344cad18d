"""Going on with a sweep of 10,000 complete trials: seconds until the function of the first new trial begins.

The clock runs from the call of `sweeps.resume`; it is stopped in a worker process, which is started meanwhile. Each
round has a copy of the store of its own.
"""

from __future__ import annotations

import shutil
import statistics
import time
from pathlib import Path

import sweeps

from ..figures import Answer, Figure, at_most
from ..peers import work
from ..programs import Facts, run
from ..setting import Setting
from . import finished
from .functions import keep_notes, notes

NEW = 2
SECONDS = at_most(5, 1)


def answer(setting: Setting) -> Answer:
    """Resume a copy in each round."""
    folder = finished.shared(setting, setting.trials)
    found = [resumed(setting, folder) for _ in range(setting.rounds)]
    name = f"resuming {setting.trials:,} trials, until the first new one runs"
    return Answer([Figure(name, "s", statistics.median(each["seconds"] for each in found), SECONDS)], {"rounds": found})


def resumed(setting: Setting, folder: Path) -> Facts:
    """Resume a copy, in a process of its own."""
    with setting.room() as room:
        shutil.copytree(folder, room, dirs_exist_ok=True)
        return run("sweeping.resuming", folder=room, trials=setting.trials)


def main() -> None:
    """Resume, with a few trials more."""
    asked = work.arguments(__doc__)
    trials = asked.trials + NEW
    keep_notes(folder := asked.folder / "notes")
    started = time.monotonic()
    result = sweeps.resume(
        finished.NAME, finished.sweep(trials), store=asked.folder / finished.STORE, trials=trials, parallel=NEW
    )
    began = {int(number): at for lines in notes(folder) for number, at in lines}
    if sorted(began) != list(range(asked.trials, trials)) or result.count(sweeps.TrialState.COMPLETE) != trials:
        raise SystemExit(f"{sorted(began)} ran instead of the trials from {asked.trials} on")
    work.answer({"seconds": min(began.values()) - started, "to the end": time.monotonic() - started})


if __name__ == "__main__":
    main()
