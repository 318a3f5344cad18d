"""How often a failed trial is tried again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from ..trial import Cause

# What a trial's own fault may be; `any` counts these together.
OWN_FAULTS = (Cause.CRASH, Cause.SIGNAL, Cause.MEMORY, Cause.TIMEOUT, Cause.STALLED)
# What is not the trial's fault is tried again unless it happens all the time.
UNLESS_SAID: Mapping[Cause, int] = MappingProxyType({Cause.PREEMPTED: 10, Cause.LOST: 10})


@dataclass(frozen=True, slots=True)
class Retries:
    """How many more attempts a trial gets: `any` for all its own faults together, `by_cause` for one cause alone.

    A cause with a number of its own uses nothing of `any`. What is preempted or lost is tried again ten times
    unless said otherwise; what cannot be started is not tried again.
    """

    any: int = 0
    by_cause: Mapping[Cause, int] = field(default_factory=dict)

    def again(self, causes: Sequence[Cause]) -> bool:
        """Say whether a trial whose attempts failed by these causes, the newest last, is tried once more."""
        alone = {**UNLESS_SAID, **self.by_cause}
        newest = causes[-1]
        if newest in alone:
            return causes.count(newest) <= alone[newest]
        return newest in OWN_FAULTS and sum(cause in OWN_FAULTS and cause not in alone for cause in causes) <= self.any
