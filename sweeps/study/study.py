"""The search as a pure object.

It owns the trials' numbers, attempts, states and values. It has no clock, no file and no task: whoever drives it asks
for the next trial, launches it, reports what is logged, and says how each attempt ended. What comes late, from an
attempt that is not a trial's newest, changes nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from ..pruners import Pruner
from ..samplers import Proposal, Sampler, Told
from ..trial import Cause, Outcome, Report, TrialState, follow, trial_seed
from .curve import Curve, first_from, standing
from .rules import Rules
from .tally import COUNTING, Tally
from .trials import Attempt, PastTrial, Verdict

# Final, also when the sweep is resumed.
_SETTLED = frozenset({TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAILED})


@dataclass(slots=True)
class _Trial:
    proposal: Proposal
    state: TrialState = TrialState.WAITING
    attempt: int = -1
    causes: list[Cause] = field(default_factory=list)
    # (step, value) of each report; of a trial that has ended, empty.
    curve: Curve = field(default_factory=list)
    pruned: bool = False
    # Whether the run itself logs the metric: then what its checkpoints were measured at does not count. None: no
    # report has told it yet.
    own: bool | None = None
    # How many reports the running attempt has made.
    reports: int = 0


class Study:
    """Proposes trials by its sampler until that has no more, or there is reason enough to end."""

    def __init__(self, sampler: Sampler, rules: Rules, pruner: Pruner | None = None) -> None:
        self.sampler = sampler
        self.rules = rules
        self.tally = Tally(rules)
        self._pruner = pruner
        self._trials: dict[int, _Trial] = {}
        self._next = 0
        self._exhausted = False
        # Why nothing more is launched; empty while the search goes on.
        self.ending = ""
        # Whether even what runs should stop.
        self.overspent = False

    @property
    def judges(self) -> bool:
        """Whether a pruner may stop trials."""
        return self._pruner is not None

    @property
    def best_number(self) -> int | None:
        """The trial with the best value so far."""
        return self.tally.best_number

    @property
    def best_value(self) -> float | None:
        """The best value so far."""
        return self.tally.best_value

    def state(self, number: int) -> TrialState:
        """Return where a trial stands."""
        return self._trials[number].state

    def count(self, state: TrialState) -> int:
        """Count the trials that are in a state."""
        return sum(trial.state is state for trial in self._trials.values())

    def next_number(self) -> int | None:
        """Return the number of the trial to ask the sampler for; None if none should begin."""
        capped = self.rules.run_cap is not None and self._next >= self.rules.run_cap
        return None if self._exhausted or capped or self.ending else self._next

    def propose(self, number: int) -> Proposal | None:
        """Return the params of a trial to be: those that were given, else what the sampler proposes."""
        given = self.rules.start_with
        return self.sampler.take(number, given[number]) if number < len(given) else self.sampler.ask(number)

    def begin(self, number: int, proposal: Proposal | None) -> Proposal | None:
        """Take in what the sampler proposed for a number; without a proposal there are no more trials."""
        if proposal is None:
            self._exhausted = True
        else:
            self._trials[number] = _Trial(proposal)
            self._next = number + 1
        return proposal

    def ask(self) -> int | None:
        """Ask the sampler for the next trial, which then waits; return its number, None when there is none."""
        number = self.next_number()
        if number is None or self.begin(number, self.propose(number)) is None:
            return None
        return number

    def launch(self, number: int) -> Attempt:
        """Begin a waiting trial's next attempt.

        Raises:
            SweepError: the trial does not wait.
        """
        trial = self._trials[number]
        trial.state = follow(trial.state, TrialState.RUNNING)
        trial.attempt += 1
        trial.reports = 0
        # Where the attempt before was told to stop and was lost first, that is decided anew, as when it is resumed.
        trial.pruned = False
        return Attempt(number, trial.attempt, trial.proposal.params, trial_seed(self.rules.seed, number))

    def report(self, number: int, attempt: int, report: Report) -> bool:
        """Take a value that a running attempt has logged; return whether the trial is to stop."""
        trial = self._running(number, attempt)
        if trial is None:
            return True
        value, step, own = report
        if trial.own and not own:
            return self.overspent or trial.pruned
        if own and trial.own is False:
            trial.curve.clear()
        trial.own = own
        if trial.reports == 0:
            # An attempt that begins again, or from a checkpoint, takes back what came at its first step and later.
            del trial.curve[first_from(trial.curve, step) :]
        trial.reports += 1
        trial.curve.append((step, value))
        self.tally.iterations += 1
        if self._pruner is not None:
            # Also of a trial that was told to stop: it is replayed all the same when the sweep is resumed.
            trial.pruned |= self._pruner.report(number, len(trial.curve), step, self.rules.loss(value))
        return self.spend(0.0) or trial.pruned

    def live_value(self, number: int) -> float | None:
        """Return the best value that a running trial has logged so far."""
        return self._best(self._trials[number].curve)

    def end(self, number: int, attempt: int, outcome: Outcome, value: float | None = None) -> Verdict | None:
        """Say how an attempt ended; return what that means, None where it is not the trial's running attempt.

        `value` is the trial's best value where the driver knows it from elsewhere than from reports. What the sampler
        is to hear is in the verdict, for `tell` or for the driver to pass on.
        """
        trial = self._running(number, attempt)
        if trial is None:
            return None
        if outcome.state is TrialState.FAILED:
            trial.causes.append(outcome.cause or Cause.CRASH)
            if self.rules.retries.again(trial.causes):
                # Where the sweep ends, its next attempt is left to whoever resumes it.
                outcome = replace(outcome, state=TrialState.KILLED if self.ending else TrialState.WAITING)
        known = value if value is not None and math.isfinite(value) else self._best(trial.curve)
        return self._close(number, outcome, known)

    def tell(self, verdict: Verdict) -> None:
        """Tell the sampler what a verdict says that it is to hear."""
        if verdict.told is not None:
            self.sampler.tell(verdict.number, verdict.told)

    def spend(self, seconds: float) -> bool:
        """Say how long the sweep has run; return whether what runs should stop."""
        if reason := self.tally.overspent(seconds):
            self.stop(reason)
            self.overspent = True
        return self.overspent

    def stop(self, reason: str) -> None:
        """Ask for nothing more, and try nothing again."""
        self.ending = self.ending or reason

    def abandon(self, number: int) -> None:
        """Give up a trial that waits, unless the sweep is resumed.

        Raises:
            SweepError: the trial does not wait.
        """
        trial = self._trials[number]
        trial.state = follow(trial.state, TrialState.KILLED)

    def restore(self, past: Iterable[PastTrial]) -> list[Verdict]:
        """Take in the trials of a sweep that is resumed, before anything is asked.

        Returns:
            What becomes of those that had not ended: they wait for their next attempt, or have been lost too often.
            The sampler knows of these already.
        """
        trials = sorted(past, key=lambda trial: trial.number)
        self._trials = {trial.number: self._recall(trial) for trial in trials}
        # Not their count: someone may have deleted runs.
        self._next = max(self._trials, default=-1) + 1
        ended = [trial for trial in trials if trial.state in _SETTLED]
        told = {
            trial.number: self._settled(trial.number, trial.value)
            for trial in sorted(ended, key=lambda trial: trial.order)
        }
        verdicts = [self._revive(trial.number) for trial in trials if trial.state not in _SETTLED]
        told |= {verdict.number: verdict.told for verdict in verdicts if verdict.told is not None}
        for trial in trials:
            self.sampler.restore(trial.number, trial.proposal, told.get(trial.number))
        return [replace(verdict, told=None) for verdict in verdicts]

    def _recall(self, past: PastTrial) -> _Trial:
        for iteration, step, value in past.reports:
            self.tally.iterations += 1
            if self._pruner is not None:
                self._pruner.report(past.number, iteration, step, self.rules.loss(value))
        return _Trial(past.proposal, past.state, past.attempt, list(past.causes), standing(past.reports))

    def _revive(self, number: int) -> Verdict:
        """Let a trial that had not ended wait for its next attempt; one that was running has been lost."""
        trial = self._trials[number]
        outcome = Outcome(TrialState.WAITING)
        if trial.state is TrialState.RUNNING:
            trial.causes.append(Cause.LOST)
            again = self.rules.retries.again(trial.causes)
            reason = "its scheduler was gone before it ended"
            outcome = Outcome(TrialState.WAITING if again else TrialState.FAILED, reason, cause=Cause.LOST)
        return self._close(number, outcome, self._best(trial.curve))

    def _running(self, number: int, attempt: int) -> _Trial | None:
        trial = self._trials.get(number)
        fits = trial is not None and trial.state is TrialState.RUNNING and trial.attempt == attempt
        return trial if fits else None

    def _close(self, number: int, outcome: Outcome, value: float | None) -> Verdict:
        trial = self._trials[number]
        if trial.state is not outcome.state:
            trial.state = follow(trial.state, outcome.state)
        causes = tuple(trial.causes)
        if trial.state not in _SETTLED:
            return Verdict(number, trial.attempt, outcome, value, causes)
        told = self._settled(number, value)
        return Verdict(number, trial.attempt, outcome, value, causes, told, self.tally.ended)

    def _settled(self, number: int, value: float | None) -> Told:
        """Count a trial that has ended; return what the sampler is to hear of it."""
        trial = self._trials[number]
        if self._pruner is not None:
            self._pruner.end(number, complete=trial.state is TrialState.COMPLETE)
        curve, trial.curve = trial.curve, []
        self.tally.add(number, trial.state, value if trial.state in COUNTING else None)
        if reason := self.tally.enough():
            self.stop(reason)
        if trial.state is TrialState.FAILED:
            imputed = self.tally.imputed()
            return Told(trial.state, None) if imputed is None else Told(TrialState.COMPLETE, imputed)
        pruned = enumerate(curve, start=1) if trial.state is TrialState.PRUNED else ()
        return Told(trial.state, value, tuple((iteration, v) for iteration, (_, v) in pruned))

    def _best(self, curve: Curve) -> float | None:
        finite = [value for _, value in curve if math.isfinite(value)]
        return min(finite, key=self.rules.loss, default=None)
