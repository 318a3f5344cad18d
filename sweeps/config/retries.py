"""How often a failed trial is tried again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from ..trial import Cause
from .keys import Key, object_schema, record
from .kinds import Kind, whole

# What a trial's own fault may be; `any` counts these together.
OWN_FAULTS = (Cause.CRASH, Cause.SIGNAL, Cause.MEMORY, Cause.TIMEOUT, Cause.STALLED)
# What is not the trial's fault is tried again unless it happens all the time.
UNLESS_SAID: Mapping[Cause, int] = MappingProxyType({Cause.PREEMPTED: 10, Cause.LOST: 10})


@dataclass(frozen=True, slots=True)
class Retries:
    """How many more attempts a trial gets: `any` for all its own faults together, `by_cause` for one cause alone.

    A cause with a number of its own uses nothing of `any`. What is preempted or lost is tried again ten times
    unless said otherwise; what cannot be started is not tried again unless said otherwise.
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

    def to_written(self) -> int | dict[str, int] | None:
        """Return what a sweep file says for this: a number, a mapping, or None where it says nothing."""
        if not self.by_cause:
            return self.any or None
        return {**({"any": self.any} if self.any else {}), **{str(cause): n for cause, n in self.by_cause.items()}}


def _by_cause(any: int = 0, **causes: int) -> Retries:  # noqa: A002 - the word in the file
    return Retries(any, {Cause(name): count for name, count in causes.items()})


_KEYS = (
    Key("any", whole(0), "For crash, signal, memory, timeout and stalled together, unless they have their own number."),
    Key(Cause.CRASH.value, whole(0), "After it raised, or exited with another code than 0."),
    Key(Cause.SIGNAL.value, whole(0), "After it was killed from outside."),
    Key(Cause.MEMORY.value, whole(0), "After it took more memory than it may."),
    Key(Cause.TIMEOUT.value, whole(0), "After it ran for longer than timeout."),
    Key(Cause.STALLED.value, whole(0), "After it logged nothing for longer than no_progress."),
    Key(Cause.PREEMPTED.value, whole(0), "After the machine wanted its place back (default: 10)."),
    Key(Cause.LOST.value, whole(0), "After its scheduler or worker was gone (default: 10)."),
    Key(Cause.START.value, whole(0), "After its program could not be started (default: 0)."),
)
_MAPPING = record(_by_cause, _KEYS)
_COUNT = whole(0)


def _read(value: object) -> Retries:
    return _MAPPING.read(value) if isinstance(value, Mapping) else Retries(_COUNT.read(value))


RETRIES: Kind[Retries] = Kind(_read, {**_COUNT.schema, **object_schema(_KEYS), "type": ["integer", "string", "object"]})
