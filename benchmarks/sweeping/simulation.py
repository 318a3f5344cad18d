"""What the scheduler's core costs: 100,000 trials of ASHA on 1,000 workers, in virtual time.

The conductor with its study, sampler, pruner and slots is the scheduler's own; only what runs the trials is not there.
Each worker's epochs take random times, 1 in the mean. A trial reports a loss after each of at most 81.
"""

from __future__ import annotations

import heapq
import random
import time

from sweeps.config import Asha
from sweeps.pruners import make_pruner
from sweeps.samplers import make_sampler
from sweeps.scheduler import Conductor
from sweeps.slots import Capacity, Need, Slots
from sweeps.space import Space
from sweeps.study import Attempt, Rules, Study
from sweeps.trial import Outcome, Report, TrialState

from ..figures import Answer, Figure, at_most
from ..large_store import peak
from ..peers import work
from ..programs import Facts, run
from ..setting import Setting

WORKERS, TRIALS, EPOCHS, SEED = 1000, 100_000, 81, 7
SECONDS, MEGABYTES = at_most(120, 20), at_most(1000, 300)
NAME = f"{TRIALS:,} trials of ASHA on {WORKERS:,} workers, simulated"


def answer(setting: Setting) -> Answer:
    """Simulate in a process of its own."""
    found = run("sweeping.simulation", folder=setting.folder)
    return Answer(
        [
            Figure(NAME, "s", found["seconds"], SECONDS),
            Figure(f"{NAME}, memory", "MB", found["megabytes"], MEGABYTES),
        ],
        found,
    )


def main() -> None:
    """Simulate all of it once."""
    work.arguments(__doc__)
    began = time.perf_counter()
    found = Simulation(WORKERS, TRIALS).run()
    work.answer({**found, "seconds": time.perf_counter() - began, "megabytes": peak()})


class Simulation:
    """A sweep whose workers are entries in a heap: when each ends its next epoch."""

    def __init__(self, workers: int, trials: int) -> None:
        space = Space.from_parameters({"x": {"min": 0.0, "max": 1.0}, "y": {"min": 0.0, "max": 1.0}})
        sampler = make_sampler("random", None, space, "minimize", SEED)
        self._study = Study(sampler, Rules(run_cap=trials), make_pruner(Asha(max_iter=EPOCHS), "minimize"))
        slots = Slots(Capacity(cpu=workers, gpus=(), memory=0), workers)
        self._conductor = Conductor(self._study, slots, Need(cpu=1))
        self._random = random.Random(SEED)  # noqa: S311  # a simulation, no secrets
        self._heap: list[tuple[float, int, int, Attempt]] = []
        self._now = 0.0
        self._busiest = 0

    def run(self) -> Facts:
        """Run all trials; return what came of them."""
        reports = 0
        self._fill()
        while self._heap:
            self._now, _, epoch, attempt = heapq.heappop(self._heap)
            reports += 1
            self._report(attempt, epoch)
        states = {str(state): count for state, count in self._study.tally.states.items()}
        return {
            "trials": states,
            "reports": reports,
            "best": self._study.best_value,
            "virtual": self._now,
            "busiest": self._busiest,
        }

    def _fill(self) -> None:
        """Ask and launch while there is a slot, as the scheduler does."""
        while True:
            number = self._conductor.wants()
            if number is not None:
                self._conductor.begin(number, self._study.propose(number))
            launch = self._conductor.launch()
            if launch is not None:
                self._work(launch.attempt, 1)
            elif number is None:
                self._busiest = max(self._busiest, self._conductor.running)
                return

    def _work(self, attempt: Attempt, epoch: int) -> None:
        heapq.heappush(self._heap, (self._now + self._random.expovariate(1), attempt.number, epoch, attempt))

    def _report(self, attempt: Attempt, epoch: int) -> None:
        loss = float(str(attempt.params["x"])) + 1 / epoch + 0.1 * self._random.random()
        stop = self._study.report(attempt.number, attempt.attempt, Report(loss, epoch))
        if not stop and epoch < EPOCHS:
            self._work(attempt, epoch + 1)
            return
        outcome = Outcome(TrialState.PRUNED if stop else TrialState.COMPLETE)
        if verdict := self._conductor.end(attempt.number, attempt.attempt, outcome):
            self._study.tell(verdict)
        self._fill()


if __name__ == "__main__":
    main()
