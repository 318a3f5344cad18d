"""What went wrong with trials, by reason: pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from tracker.cli.manners import shown

_NAMED = 6
_REASONS = 100
_NUMBERS = re.compile(r"0x[0-9a-fA-F]+|\d+")


@dataclass(slots=True)
class Trouble:
    """One reason, the trials that failed by it, and those that will be, or were, tried again."""

    reason: str
    failed: list[int] = field(default_factory=list)
    again: list[int] = field(default_factory=list)

    def __str__(self) -> str:
        told = [f"{named(self.failed)} failed"] if self.failed else []
        told += [f"{named(self.again)} tried again"] if self.again else []
        return f"{', '.join(told)}: {shown(self.reason) or 'no reason is known'}"


class Troubles:
    """Reasons, of which the newest are kept; those that differ by numbers alone are one, told as the newest was."""

    def __init__(self) -> None:
        self._by_reason: dict[str, Trouble] = {}

    def add(self, number: int, reason: str, *, again: bool) -> None:
        """Take in that a trial failed, or that an attempt did and it is tried again."""
        kind = _NUMBERS.sub("#", reason)
        trouble = self._by_reason.pop(kind, None) or Trouble(reason)
        trouble.reason = reason
        if again:
            trouble.again.append(number)
        else:
            trouble.failed.append(number)
            trouble.again = [each for each in trouble.again if each != number]
        self._by_reason[kind] = trouble
        if len(self._by_reason) > _REASONS:
            del self._by_reason[next(iter(self._by_reason))]

    def __iter__(self) -> Iterator[Trouble]:
        """Yield one for each reason, that of the newest trouble last."""
        return iter(tuple(self._by_reason.values()))


def named(numbers: Sequence[int]) -> str:
    """Name trials by their numbers, such as `trials 2, 5 and 40 more`."""
    listed = list(dict.fromkeys(numbers))
    told, more = ", ".join(map(str, listed[:_NAMED])), len(listed) - _NAMED
    return f"trial{'s' if len(listed) > 1 else ''} {told}{f' and {more} more' if more > 0 else ''}"
