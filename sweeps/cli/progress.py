"""What is known of a running sweep: pure, from its events or from the store."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tracker.cli.manners import shown

from ..scheduler import Event, SweepEnded, SweepInterrupted, SweepStarted, TrialEnded, TrialReported, TrialStarted
from ..trial import TrialState
from .lead import Best, Lead
from .troubles import Troubles

INTERRUPTED = (
    "nothing new is launched; trials end at their next log (interrupt again to end them now)",
    "trials are ended now (interrupt again to leave at once)",
)
_COUNTING = {TrialState.COMPLETE, TrialState.PRUNED}
_MINUTE, _HOUR = 60, 3600


@dataclass(slots=True)
class Running:
    """An attempt that runs: since when, on which devices, and what it logged last."""

    attempt: int
    since: float
    params: Mapping[str, object] = field(default_factory=dict)
    gpus: tuple[str, ...] = ()
    value: float | None = None
    step: int | None = None


@dataclass(slots=True)
class Progress:
    """How far a sweep is; times are those of `clock`, in seconds.

    `most` is how many have run at a time, `seconds` what `attempts` ended ones took together; `over` says why the sweep
    has ended early, and `interrupted_by` why it was interrupted at first.
    """

    clock: Callable[[], float] = time.monotonic
    name: str = ""
    sweep_id: str = ""
    metric: str = ""
    goal: str = "minimize"
    total: int | None = None
    parallel: int | None = None
    started: float = 0.0
    running: dict[int, Running] = field(default_factory=dict)
    ended: dict[TrialState, int] = field(default_factory=dict)
    most: int = 0
    retries: int = 0
    lead: Lead = field(default_factory=Lead)
    troubles: Troubles = field(default_factory=Troubles)
    attempts: int = 0
    seconds: float = 0.0
    word: str = ""
    interrupted_by: str = ""
    over: str = ""
    finished: bool = False

    @property
    def done(self) -> int:
        """How many trials have ended for good."""
        return sum(count for state, count in self.ended.items() if state is not TrialState.KILLED)

    @property
    def best(self) -> Best | None:
        """The best value so far, also of a trial that runs."""
        return self.lead.best

    def follow(self, event: Event) -> None:
        """Take an event in."""
        match event:
            case SweepStarted():
                self._started(event)
            case TrialStarted():
                self.running[event.number] = Running(event.attempt, self.clock(), event.params, event.gpus)
                self.most = max(self.most, len(self.running))
            case TrialReported():
                self._reported(event)
            case TrialEnded():
                self._ended(event)
            case SweepInterrupted():
                self.word = INTERRUPTED[min(event.times, len(INTERRUPTED)) - 1]
                self.interrupted_by = self.interrupted_by or event.reason
            case SweepEnded():
                self.finished = True
                self.running.clear()
                self.word, self.over = "", ended(self.name, event.reason, interrupted=event.interrupted)

    def _started(self, event: SweepStarted) -> None:
        self.name, self.sweep_id, self.metric, self.goal = event.name, event.sweep_id, event.metric, event.goal
        self.total, self.parallel, self.started = event.total, event.parallel, self.clock()
        self.ended = dict(event.done)
        self.lead = Lead(event.goal)
        if event.best is not None:
            self.lead.take(*event.best, self.started, {})

    def _reported(self, event: TrialReported) -> None:
        running = self.running.get(event.number)
        # An attempt that has ended may have left a word behind.
        if running is not None:
            running.value, running.step = event.value, event.step
            self.lead.take(event.number, event.value, self.clock(), running.params)

    def _ended(self, event: TrialEnded) -> None:
        running = self.running.pop(event.number, None)
        if running is not None:
            self.attempts += 1
            self.seconds += self.clock() - running.since
        if event.state is TrialState.WAITING:
            self.retries += 1
            self.troubles.add(event.number, event.reason, again=True)
            return
        self.ended[event.state] = self.ended.get(event.state, 0) + 1
        if event.state not in _COUNTING:
            self.lead.drop(event.number)
        elif event.value is not None:
            self.lead.take(event.number, event.value, self.clock(), running.params if running else {})
        if event.state is TrialState.FAILED:
            self.troubles.add(event.number, event.reason, again=False)

    @property
    def seconds_left(self) -> float | None:
        """How long the sweep will take by what its trials took so far; None if nobody knows."""
        if self.total is None or not self.attempts or self.finished or self.done >= self.total:
            return None
        mean, now, left = self.seconds / self.attempts, self.clock(), self.total - self.done
        under_way = sum(min(now - each.since, mean) for each in tuple(self.running.values()))
        return max(0.0, left * mean - under_way) / max(min(self.most, left), 1)

    def counts(self) -> str:
        """Return how many trials there are of each state."""
        of_total = f"/{self.total}" if self.total is not None else ""
        parts = [f"{self.done}{of_total} done", f"{len(self.running)} running"] if self.running else []
        parts = parts or [f"{self.done}{of_total} done"]
        parts += [f"{count} {state}" for state, count in self.ended.items() if state is not TrialState.COMPLETE]
        if self.retries:
            parts.append("1 retry" if self.retries == 1 else f"{self.retries} retries")
        return " · ".join(parts)

    def summary(self) -> str:
        """Return how far the sweep is: done, running, the best so far, the time left."""
        parts = [self.counts()]
        if self.best is not None:
            parts.append(f"best {self.metric} {shown(self.best.value)} (trial {self.best.number})")
        if self.seconds_left is not None:
            parts.append(f"{span(self.seconds_left)} left")
        return " · ".join(parts)


def ended(name: str, reason: str, *, interrupted: bool) -> str:
    """Say why a sweep ended before its last trial, and how it goes on; nothing if it did not."""
    if interrupted:
        return f"{reason}; go on with: sweeps resume {name}"
    return f"the sweep has ended: {reason}" if reason else ""


def span(seconds: float) -> str:
    """Return seconds as people read them, in two units at most."""
    whole = round(seconds)
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        return f"{whole // _MINUTE} min {whole % _MINUTE} s"
    minutes = round(seconds / _MINUTE)
    return (
        f"{minutes // 60} h {minutes % 60} min"
        if minutes < 48 * 60
        else f"{minutes // 60 // 24} d {minutes // 60 % 24} h"
    )
