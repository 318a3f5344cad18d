"""The sweep that is resumed: random search whose trials log ten steps of a metric each, and all are complete."""

from __future__ import annotations

from pathlib import Path

import sweeps

from ..peers import given_trial, work
from ..programs import Facts, run
from ..setting import Setting
from .functions import curve, parameters

NAME = "finished"
STORE = "store"


def shared(setting: Setting, trials: int) -> Path:
    """Give a folder with the store of a sweep of so many trials, which is for copying."""
    return setting.shared(f"{NAME}-{trials}", lambda folder: fill(folder, trials))


def fill(folder: Path, trials: int) -> Facts:
    """Run the sweep in a process of its own."""
    folder.mkdir()
    return run("sweeping.finished", folder=folder, trials=trials)


def sweep(trials: int) -> sweeps.Sweep:
    """Return the sweep."""
    space, metric = parameters(), given_trial.METRIC
    return sweeps.Sweep(curve, parameters=space, metric=metric, method="random", run_cap=trials, name=NAME)


def main() -> None:
    """Run it, in this process alone, which is quickest."""
    asked = work.arguments(__doc__)
    result = sweeps.run(sweep(asked.trials), store=asked.folder / STORE, executor="inline", seed=work.SEED)
    if result.count(sweeps.TrialState.COMPLETE) != asked.trials:
        raise SystemExit("not all trials are complete")
    work.answer({"trials": asked.trials, "seconds": result.seconds})


if __name__ == "__main__":
    main()
