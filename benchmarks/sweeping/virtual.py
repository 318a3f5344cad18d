"""A sweep in virtual time: workers that take a trial each, epoch by epoch, and a pruner that listens."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Sequence
from typing import Protocol

Curves = Sequence[Sequence[float]]


class Listener(Protocol):
    """A pruner, ours or a peer's: it hears of a trial's epochs, from 1, and of its end."""

    def report(self, number: int, epoch: int, loss: float) -> bool:
        """Hear a loss; say whether the trial is to stop."""
        ...

    def end(self, number: int, *, complete: bool) -> None:
        """Hear that a trial has ended."""
        ...


def search(
    order: Sequence[int], curves: Curves, wanted: Collection[int], workers: int, listener: Listener
) -> int | None:
    """Run configurations in an order until one that is wanted has run all its epochs.

    Every epoch takes one unit of time, and no time passes between two trials: the workers report in turns.

    Returns:
        The epochs of all trials until then; None if every wanted one was stopped.
    """
    waiting = deque(enumerate(order))
    running: deque[tuple[int, int, int]] = deque()
    spent = 0
    while waiting or running:
        while waiting and len(running) < workers:
            running.append((*waiting.popleft(), 1))
        number, which, epoch = running.popleft()
        spent += 1
        stop, last = listener.report(number, epoch, curves[which][epoch - 1]), epoch == len(curves[which])
        if last and which in wanted:
            return spent
        if stop or last:
            listener.end(number, complete=last)
        else:
            running.append((number, which, epoch + 1))
    return None
