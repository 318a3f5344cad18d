"""How a running sweep is shown: a screen that changes in a terminal, lines elsewhere, or nothing until its end."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Literal, TextIO

from tracker.cli.manners import shown
from tracker.cli.terminal import live

from ..scheduler import Event, SweepEnded, SweepInterrupted, SweepStarted, TrialEnded
from ..trial import TrialState
from .progress import Progress
from .screen import screen

Mode = Literal["live", "plain", "quiet"]
# Where only lines are shown, one comes at least so often while anything happens, in seconds.
_OFTEN = 60.0


def asked_for(arguments: argparse.Namespace) -> tuple[TextIO, Mode]:
    """Return where and how progress is shown."""
    stream = sys.stderr if arguments.json else sys.stdout
    if arguments.quiet:
        return stream, "quiet"
    return stream, "live" if stream.isatty() and not arguments.plain else "plain"


@contextmanager
def shown_on(stream: TextIO, mode: Mode, progress: Progress) -> Iterator[Callable[[Event], None]]:
    """Show the events that the yielded function is called with, which `progress` takes in."""
    if mode == "live":
        with live(partial(screen, progress), stream):
            yield progress.follow
    elif mode == "plain":
        yield Lines(progress, stream)
    else:
        yield progress.follow


class Lines:
    """Writes a line for each event that matters, and now and then one of what runs."""

    def __init__(self, progress: Progress, stream: TextIO) -> None:
        self._progress = progress
        self._stream = stream
        self._last = progress.clock()

    def __call__(self, event: Event) -> None:
        """Take an event in, and write its line if it has one."""
        self._progress.follow(event)
        line = self._line(event)
        if line:
            self._last = self._progress.clock()
            self._stream.write(f"{line}\n")
            self._stream.flush()

    def _line(self, event: Event) -> str:
        match event:
            case SweepStarted():
                return self._started(event)
            case SweepInterrupted():
                return self._progress.word
            case TrialEnded():
                return f"{self._ended(event)} | {self._progress.summary()}"
            case SweepEnded():
                return self._progress.over
            case _:
                overdue = self._progress.clock() - self._last >= _OFTEN
                return f"{self._progress.summary()}{self._running()}" if overdue else ""

    def _started(self, event: SweepStarted) -> str:
        total = "" if event.total is None else f" {event.total} trials,"
        before = f", {self._progress.done} done before" if self._progress.done else ""
        at_a_time = f" {event.parallel} at a time" if event.parallel else " as many at a time as fit"
        return f"sweep {event.name} ({event.sweep_id}):{total}{at_a_time}{before}"

    def _ended(self, event: TrialEnded) -> str:
        value = "" if event.value is None else f", {self._progress.metric} {shown(event.value)}"
        state = "will be tried again" if event.state is TrialState.WAITING else event.state
        return f"trial {event.number} {state}{value}{f': {shown(event.reason)}' if event.reason else ''}"

    def _running(self) -> str:
        told = [
            f"trial {number} {shown(each.value)} at step {each.step}"
            for number, each in self._progress.running.items()
            if each.step is not None
        ]
        return f" | {', '.join(told)}" if told else ""
