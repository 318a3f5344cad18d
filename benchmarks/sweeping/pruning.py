"""From the metric logged to the word to stop: functions in worker processes, and commands, two at a time.

A trial logs three good values and a bad one, for which the pruner `threshold` stops it. The clock runs from the call
that logs the bad one; it is stopped for a function where `TrialPruned` is raised, for a command in its handler of
SIGTERM. Both run on the clock that processes share. Every trial must have heard.
"""

from __future__ import annotations

import sys

import sweeps

from ..figures import Answer, Figure, at_most
from ..peers import given_trial, work
from ..programs import Facts, run
from ..searching.clock import spread
from ..setting import Setting
from .commands import sweep_of
from .functions import BAD, GOOD, keep_notes, notes, parameters, stopped

AT_ONCE = 2
PRUNER = {"type": "threshold", "upper": (GOOD + BAD) / 2}
DELIVERED = at_most(50, 5)
FUNCTIONS, COMMANDS = "functions", "commands"
# Shares of the trials of a sweep that is resumed: a command's interpreter and imports take their time.
SHARES = {FUNCTIONS: 20, COMMANDS: 50}


def answer(setting: Setting) -> Answer:
    """Run a sweep of each kind."""
    found = {}
    for mode, share in SHARES.items():
        with setting.room() as room:
            found[mode] = run("sweeping.pruning", mode=mode, trials=max(AT_ONCE, setting.trials // share), folder=room)
    return Answer([figure(mode, facts) for mode, facts in found.items()], found)


def figure(mode: str, found: Facts) -> Figure:
    """Return how long it took."""
    return Figure(f"metric logged to word to stop, p99, {mode}", "ms", found["p99"], DELIVERED)


def main() -> None:
    """Run a sweep."""
    asked = work.arguments(__doc__)
    keep_notes(folder := asked.folder / "notes")
    sweep = functions(asked) if asked.mode == FUNCTIONS else commands(asked)
    result = sweeps.run(sweep, store=asked.folder / "store", parallel=AT_ONCE, seed=work.SEED)
    took = [1000 * (heard - logged) for lines in notes(folder) for logged, heard in lines]
    if result.count(sweeps.TrialState.PRUNED) != asked.trials or len(took) != asked.trials:
        raise SystemExit(f"{len(took)} of {asked.trials} trials have heard that they are to stop")
    work.answer(spread(took))


def functions(asked: work.Work) -> sweeps.Sweep:
    """Return a sweep of a function."""
    return sweeps.Sweep(
        stopped,
        parameters=parameters(),
        metric=given_trial.METRIC,
        method="random",
        run_cap=asked.trials,
        pruner=PRUNER,
        executor="processes",
    )


def commands(asked: work.Work) -> sweeps.Sweep:
    """Return a sweep of the script."""
    command = [sys.executable, "-m", f"{__package__}.stopped_script"]
    metric = {"name": given_trial.METRIC, "goal": "minimize"}
    return sweep_of(asked.folder, command, asked.trials, parameters(), metric=metric, execution={"pruner": PRUNER})


if __name__ == "__main__":
    main()
