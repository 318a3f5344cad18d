"""The scheduler's CPU a trial after 10,000 finished trials, beside after 100: of its whole process, and of its thread.

A sweep of so many complete trials is resumed; worker processes run the new ones, so no trial's own work is counted. Of
these the first are left out, in which the sweep is read back. The process holds the store's writer too, which folds in
what it and the workers log.
"""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass, field

import sweeps
from sweeps.scheduler import Event, TrialStarted

from ..figures import Answer, at_most, compared
from ..peers import work
from ..programs import Facts, run
from ..setting import Setting
from . import finished

AT_ONCE = 2
# How many times fewer trials the sweep has that is compared with.
FEWER = 100
# The new trials' share of the greater sweep's, and the share of these that is left out.
SHARE, WARM = 20, 10
AFTER_FEW = at_most(2, 1.1)


def answer(setting: Setting) -> Answer:
    """Let the two sweeps take turns."""
    counts = setting.trials, max(2, setting.trials // FEWER)
    rounds = [{count: resumed(setting, count) for count in counts} for _ in range(setting.rounds)]
    many, few = counts
    figures = [
        compared(
            f"the scheduler's CPU a trial after {many:,} trials, {what}",
            "ms",
            [each[many][what] for each in rounds],
            f"after {few:,}",
            [each[few][what] for each in rounds],
            target,
        )
        for what, target in {"process": AFTER_FEW, "thread": None}.items()
    ]
    return Answer(figures, {"rounds": [{str(count): each[count] for count in counts} for each in rounds]})


def resumed(setting: Setting, trials: int) -> Facts:
    """Resume a copy of a sweep of so many trials, in a process of its own."""
    new = max(2 * WARM, setting.trials // SHARE)
    with setting.room() as room:
        shutil.copytree(finished.shared(setting, trials), room, dirs_exist_ok=True)
        return run("sweeping.scheduler_cpu", folder=room, trials=trials, models=new)


@dataclass
class Meter:
    """Reads the clocks in the scheduler's thread, when the first trial that counts begins and when the last does."""

    first: int
    last: int
    read: dict[int, tuple[float, float]] = field(default_factory=dict)

    def hear(self, event: Event) -> None:
        """Listen."""
        if isinstance(event, TrialStarted) and event.number in {self.first, self.last}:
            self.read[event.number] = time.process_time(), time.thread_time()

    def milliseconds(self) -> Facts:
        """Return the CPU a trial."""
        pairs = zip(self.read[self.first], self.read[self.last], strict=True)
        process, thread = (1000 * (after - before) / (self.last - self.first) for before, after in pairs)
        return {"process": process, "thread": thread}


def main() -> None:
    """Resume, with so many trials more."""
    asked = work.arguments(__doc__)
    new = asked.models
    trials = asked.trials + new
    meter = Meter(asked.trials + new // WARM, trials - 1)
    sweeps.resume(
        finished.NAME,
        finished.sweep(trials),
        store=asked.folder / finished.STORE,
        trials=trials,
        parallel=AT_ONCE,
        executor="processes",
        listen=meter.hear,
    )
    work.answer(meter.milliseconds())


if __name__ == "__main__":
    main()
