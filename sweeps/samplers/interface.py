"""What every sampler offers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from ..trial import TrialState

Params = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Proposal:
    """The params of a trial as the trial sees them, and a `memo`.

    The memo is what the sampler must know again after a restart: JSON, kept with the trial, and nobody else's business.
    """

    params: Params
    memo: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Told:
    """How a trial ended: COMPLETE, PRUNED or FAILED.

    `value` is finite and in the metric's own units; None teaches nothing. `curve` is what a pruned trial had logged:
    (iteration, value), iterations from 1.
    """

    state: TrialState
    value: float | None
    curve: Sequence[tuple[int, float]] = ()


class Sampler(Protocol):
    """Proposes params. It is a pure object: the same seed and the same calls give the same proposals.

    Trials are asked for in rising order of their numbers, and end in any order. `quick` says that asking and telling
    take microseconds; the others are better called outside the event loop's thread, but by one thread at a time.
    """

    quick: bool

    def ask(self, number: int) -> Proposal | None:
        """Propose the params of the trial with this number (from 0); None when there is nothing left to try."""

    def take(self, number: int, params: Params) -> Proposal:
        """Note that this trial was given its params, instead of asking for them.

        Raises:
            InvalidSweep: they are not in the space.
        """

    def tell(self, number: int, told: Told) -> None:
        """Say how the trial ended."""

    def restore(self, number: int, proposal: Proposal, told: Told | None) -> None:
        """Bring a trial back after a restart: in order of numbers, before any ask; `told` is None if it has not ended.

        What `ask` gives then is what it would have given without the restart.
        """

    def learn(self, params: Params, told: Told) -> None:
        """Take in a trial of an earlier sweep, before any ask, and after a restart before what is restored.

        Raises:
            InvalidSweep: its params are not in the space.
        """
