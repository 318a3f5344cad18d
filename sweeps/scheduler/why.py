"""Why a running trial is told to stop, and what its end means then: pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..trial import Cause, Outcome, TrialState


@dataclass(frozen=True, slots=True)
class Why:
    """A reason to stop a trial, and the state and cause that it ends with."""

    state: TrialState
    reason: str = ""
    cause: Cause | None = None

    def judge(self, outcome: Outcome) -> Outcome:
        """Return what an attempt's end means, after it was told to stop.

        Whoever ran to the end all the same is complete, and so is who was pruned, in its own way.
        """
        if outcome.state is TrialState.COMPLETE:
            return outcome
        return replace(outcome, state=self.state, reason=self.reason or outcome.reason, cause=self.cause)


PRUNED = Why(TrialState.PRUNED)
INTERRUPTED = Why(TrialState.KILLED, "the sweep was ended")
PREEMPTED = Why(TrialState.KILLED, "the sweep was preempted", Cause.PREEMPTED)


def overspent(reason: str) -> Why:
    """Return the reason of a trial that is stopped since its sweep's time or budget is up."""
    return Why(TrialState.PRUNED, f"the sweep has ended: {reason}")


def timed_out(seconds: float) -> Why:
    """Return the reason of a trial that ran for too long."""
    return Why(TrialState.FAILED, f"timed out after {seconds:g} s", Cause.TIMEOUT)


def stalled(seconds: float) -> Why:
    """Return the reason of a trial that has logged nothing for too long."""
    return Why(TrialState.FAILED, f"logged nothing for {seconds:g} s", Cause.STALLED)
