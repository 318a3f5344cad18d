"""How long a slot is idle between two trials, two at a time: from one function's return to the next one's beginning.

Both are measured inside the functions, in worker processes, on the clock that processes share. A trial sleeps for
20 ms, so that the processors have time for everything, and logs ten metrics. Random search, and TPE, whose proposals
take longer: of its trials the first hundred are left out.
"""

from __future__ import annotations

import statistics
from itertools import pairwise
from pathlib import Path

import sweeps

from ..figures import Answer, Figure, at_most
from ..peers import given_trial, work
from ..programs import Facts, run
from ..searching.clock import spread
from ..setting import Setting
from .functions import SECONDS, keep_notes, notes, parameters, timed

AT_ONCE = 2
# The share of the trials of a sweep that is resumed.
SHARE = 10
# TPE's first trials are random, and then it takes the longer the more there are: from a third to all of these.
BAYES, KNOWN = 300, 3
TOOK = 0.02
IDLE = at_most(20, 2)


def answer(setting: Setting) -> Answer:
    """Run a sweep of each method."""
    counts = {"random": max(10, setting.trials // SHARE), "bayes": min(BAYES, max(12, setting.trials // SHARE))}
    found: dict[str, list[Facts]] = {method: [] for method in counts}
    for _ in range(setting.rounds):
        for method, trials in counts.items():
            with setting.room() as room:
                found[method].append(run("sweeping.idle", mode=method, trials=trials, folder=room))
    return Answer([figure(method, counts[method], rounds) for method, rounds in found.items()], found)


def figure(method: str, trials: int, rounds: list[Facts]) -> Figure:
    """Return how long slots were idle: the median of the rounds."""
    name = {"random": "random search", "bayes": f"TPE, {trials // KNOWN:,} to {trials:,} trials"}[method]
    return Figure(
        f"a slot's idle time between two trials, p99, {name}",
        "ms",
        statistics.median(facts["p99"] for facts in rounds),
        IDLE,
    )


def main() -> None:
    """Run a sweep."""
    asked = work.arguments(__doc__)
    keep_notes(folder := asked.folder / "notes")
    sweep = sweeps.Sweep(
        timed,
        parameters=parameters(**{SECONDS: TOOK}),
        metric=given_trial.METRIC,
        method=asked.mode,
        run_cap=asked.trials,
    )
    sweeps.run(sweep, store=asked.folder / "store", parallel=AT_ONCE, executor="processes", seed=work.SEED)
    work.answer(spread(idle(folder, asked.trials // KNOWN if asked.mode == "bayes" else 0)))


def idle(folder: Path, first: int) -> list[float]:
    """Return the milliseconds between each two trials of a worker, of those that came after the first so many."""
    slots = list(notes(folder))
    begins = sorted(began for slot in slots for began, _ in slot)
    return [
        1000 * (began - ended) for slot in slots for (_, ended), (began, _) in pairwise(slot) if began >= begins[first]
    ]


if __name__ == "__main__":
    main()
