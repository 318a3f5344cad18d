"""What runs now: the study's trials and the machine's slots, as one pure object.

Events come in (a proposal, a report, an end), decisions go out (which number to ask for, what to launch, what an end
means). The thin scheduler and the simulation with its virtual clock drive the same conductor.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ..samplers import Params, Proposal
from ..slots import Grant, Line, Need, Slots
from ..study import Attempt, PastTrial, Study, Verdict
from ..trial import Outcome

# Where trials need different slots, so many may be known before they fit, for small ones to fill the gaps.
_AHEAD = 16


@dataclass(frozen=True, slots=True)
class Launch:
    """An attempt that runs from now on, in a slot."""

    attempt: Attempt
    grant: Grant


class Conductor:
    """Matches trials with slots.

    A trial is asked for only when there is a slot for it: the later the sampler is asked, the more it knows. `need`
    is what every trial needs, or a function of a trial's params.
    """

    def __init__(self, study: Study, slots: Slots, need: Need | Callable[[Params], Need]) -> None:
        self.study = study
        self._slots = slots
        self._need = need
        self._line = Line()
        self._grants: dict[int, Grant] = {}

    @property
    def running(self) -> int:
        """How many trials run."""
        return len(self._grants)

    def restore(self, past: Iterable[PastTrial]) -> list[Verdict]:
        """Take in the trials of a sweep that is resumed; return what becomes of those that had not ended."""
        trials = {trial.number: trial for trial in past}
        verdicts = self.study.restore(trials.values())
        for verdict in verdicts:
            if verdict.again:
                self._queue(verdict.number, trials[verdict.number].proposal.params)
        return verdicts

    def wants(self) -> int | None:
        """Return the number of a trial to ask for now; None if there is no place for one, or none to ask for."""
        number = self.study.next_number()
        return number if number is not None and self._has_place() else None

    def begin(self, number: int, proposal: Proposal | None) -> Proposal | None:
        """Let a trial wait for its slot; return the proposal.

        Raises:
            InvalidSweep: it needs more than the machine has.
        """
        if self.study.begin(number, proposal) is not None and proposal is not None:
            self._queue(number, proposal.params)
        return proposal

    def launch(self) -> Launch | None:
        """Begin the next attempt that has a slot; None if nothing waits that fits."""
        if self.study.ending:
            return None
        found = self._line.next(self._slots)
        if found is None:
            return None
        number, grant = found
        self._grants[number] = grant
        return Launch(self.study.launch(number), grant)

    def end(self, number: int, attempt: int, outcome: Outcome, value: float | None = None) -> Verdict | None:
        """Say how an attempt ended; its slot is free again. None for one that is not its trial's running attempt."""
        verdict = self.study.end(number, attempt, outcome, value)
        if verdict is None:
            return None
        grant = self._grants.pop(number)
        self._slots.give(grant)
        if verdict.again:
            self._line.add(number, grant.need)
        return verdict

    def abandon(self) -> list[int]:
        """Return the trials that wait and, since the sweep ends, will not run; they wait no longer."""
        numbers = list(self._line)
        for number in numbers:
            self._line.remove(number)
            self.study.abandon(number)
        return numbers

    def _queue(self, number: int, params: Params) -> None:
        need = self._need if isinstance(self._need, Need) else self._need(params)
        self._slots.require(need)
        self._line.add(number, need)

    def _has_place(self) -> bool:
        if not isinstance(self._need, Need):
            return len(self._line) < _AHEAD
        return len(self._line) == 0 and self._slots.has_room(self._need)
