"""What a running sweep shows: lines that change in a terminal, lines that follow one another elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TextIO

from tracker.cli.manners import shown
from tracker.cli.terminal import Renderable, lines_and_bar, live

from ..scheduler import Event, SweepEnded, SweepInterrupted, SweepStarted, TrialEnded, TrialReported, TrialStarted
from ..trial import TrialState

INTERRUPTED = (
    "nothing new is launched; trials end at their next log (interrupt again to end them now)",
    "trials are ended now",
)


@dataclass(slots=True)
class Progress:
    """What is known of a sweep from its events."""

    clock: Callable[[], float] = time.monotonic
    name: str = ""
    metric: str = ""
    goal: str = "minimize"
    total: int | None = None
    parallel: int = 1
    started: float = 0.0
    running: dict[int, float | None] = field(default_factory=dict)
    ended: dict[TrialState, int] = field(default_factory=dict)
    best: tuple[int, float] | None = None
    failures: list[str] = field(default_factory=list)
    word: str = ""

    @property
    def done(self) -> int:
        """How many trials have ended."""
        return sum(self.ended.values())

    def follow(self, event: Event) -> None:
        """Take an event in."""
        match event:
            case SweepStarted():
                self.name, self.metric, self.goal = event.name, event.metric, event.goal
                self.total, self.parallel, self.started = event.total, event.parallel, self.clock()
            case TrialStarted():
                self.running[event.number] = None
            case TrialReported():
                self._reached(event.number, event.value)
                self.running[event.number] = event.value
            case TrialEnded():
                self._ended(event)
            case SweepInterrupted():
                self.word = INTERRUPTED[min(event.times, len(INTERRUPTED)) - 1]
            case SweepEnded():
                self.running.clear()

    def _ended(self, event: TrialEnded) -> None:
        self.running.pop(event.number, None)
        self.ended[event.state] = self.ended.get(event.state, 0) + 1
        if event.value is not None:
            self._reached(event.number, event.value)
        if event.state is TrialState.FAILED:
            self.failures.append(f"trial {event.number} failed: {shown(event.reason)}")

    def _reached(self, number: int, value: float) -> None:
        better = self.best is None or (value > self.best[1] if self.goal == "maximize" else value < self.best[1])
        if better and value - value == 0:  # finite
            self.best = number, value

    def summary(self) -> str:
        """Return how far the sweep is: done, running, the best so far, the rate, the time left."""
        of_total = f"/{self.total}" if self.total is not None else ""
        parts = [f"{self.done}{of_total} done", f"{len(self.running)} running"]
        parts += [f"{count} {state}" for state, count in self.ended.items() if state is not TrialState.COMPLETE]
        if self.best is not None:
            parts.append(f"best {self.metric} {shown(self.best[1])} (trial {self.best[0]})")
        rate = self.done / max(self.clock() - self.started, 1e-9)
        if self.done:
            parts.append(f"{rate:.2g} trials/s" if rate >= 1 else f"{1 / rate:.2g} s a trial")
            if self.total is not None and self.running:
                parts.append(f"{_duration((self.total - self.done) / rate)} left")
        return " · ".join(parts)

    def render(self) -> Renderable:
        """Return what a terminal shows."""
        goal = f" · {self.goal} {self.metric}" if self.metric else ""
        slots = [f"  trial {number}: {self.metric} {shown(value)}" for number, value in self.running.items()]
        head = f"sweep {self.name}{goal} · {self.parallel} at a time"
        below = [self.summary(), *slots, *self.failures[-3:], *([self.word] if self.word else [])]
        return lines_and_bar(head, self.done, self.total, below)


@contextmanager
def shown_on(stream: TextIO) -> Iterator[Callable[[Event], None]]:
    """Show the events that the yielded function is called with, on a terminal or as lines."""
    progress = Progress()
    if stream.isatty():
        with live(progress.render, stream):
            yield progress.follow
    else:
        yield lambda event: _write_line(progress, event, stream)


def _write_line(progress: Progress, event: Event, stream: TextIO) -> None:
    progress.follow(event)
    match event:
        case SweepStarted():
            total = "" if event.total is None else f" {event.total} trials,"
            stream.write(f"sweep {event.name} ({event.sweep_id}):{total} {event.parallel} at a time\n")
        case SweepInterrupted():
            stream.write(f"{progress.word}\n")
        case TrialEnded():
            value = "" if event.value is None else f", {progress.metric} {shown(event.value)}"
            reason = f": {shown(event.reason)}" if event.reason else ""
            stream.write(f"trial {event.number} {event.state}{value}{reason} | {progress.summary()}\n")
    stream.flush()


def _duration(seconds: float) -> str:
    whole = round(seconds)
    if whole < 60:  # noqa: PLR2004  # seconds in a minute
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"  # noqa: PLR2004
