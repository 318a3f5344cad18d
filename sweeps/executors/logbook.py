"""This process's end of the store, and who is told of what is logged there."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol

from tracker import Attachment, attach

from ..trial import Assignment, Report

# How long a judged attempt waits for the word on a value that it has logged, in seconds.
ANSWER_SECONDS = 5.0


class Line(Protocol):
    """The line from a running attempt to its scheduler; used by whatever thread the attempt logs in."""

    def report(self, report: Report) -> object:
        """Pass on a value of the sweep's metric; if the attempt is judged, wait for the word on it, for a while."""
        ...

    def progress(self) -> None:
        """Say that something was logged."""
        ...

    @property
    def stopping(self) -> bool:
        """Whether the attempt was told to stop."""
        ...


class Logbook:
    """Attachments to stores, one for each number of attempts (a store tells them apart by it), and who listens."""

    def __init__(self) -> None:
        self._attachments: dict[tuple[str, int], Attachment] = {}
        self._listeners: dict[str, tuple[str, Line]] = {}
        self._lock = threading.Lock()

    def attachment(self, assignment: Assignment) -> Attachment:
        """Return the attachment for an attempt."""
        place = assignment.store, assignment.attempt
        with self._lock:
            if place not in self._attachments:
                self._attachments[place] = attach(assignment.store, watch=self.hear, token=assignment.attempt)
            return self._attachments[place]

    @contextmanager
    def listening(self, assignment: Assignment, line: Line) -> Iterator[Attachment]:
        """Return the attachment for an attempt; within the block, pass on what is logged in its run."""
        self._listeners[assignment.run_id] = assignment.metric, line
        try:
            yield self.attachment(assignment)
        finally:
            del self._listeners[assignment.run_id]

    def hear(self, run_id: str, metrics: Mapping[str, float], step: int, model_id: str | None) -> None:
        """Pass on what was just logged in a run."""
        metric, line = self._listeners.get(run_id, ("", None))
        if line is not None and metric in metrics:
            line.report(Report(metrics[metric], step, own=model_id is None))
        elif line is not None:
            line.progress()

    def close(self) -> None:
        """Let go of the stores."""
        while self._attachments:
            self._attachments.popitem()[1].close()
