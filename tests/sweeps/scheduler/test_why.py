from __future__ import annotations

import pytest

from sweeps.scheduler import why
from sweeps.scheduler.why import Why
from sweeps.trial import Cause, Outcome, TrialState

REASONS = {
    "pruned": (why.PRUNED, TrialState.PRUNED, None),
    "interrupted": (why.INTERRUPTED, TrialState.KILLED, None),
    "preempted": (why.PREEMPTED, TrialState.KILLED, Cause.PREEMPTED),
    "overspent": (why.overspent("its 9 steps are spent"), TrialState.PRUNED, None),
    "timed out": (why.timed_out(1.5), TrialState.FAILED, Cause.TIMEOUT),
    "stalled": (why.stalled(60.0), TrialState.FAILED, Cause.STALLED),
}


@pytest.mark.parametrize(("reason", "state", "cause"), REASONS.values(), ids=REASONS)
class TestAnAttemptThatWasToldToStop:
    def test_is_complete_if_it_ran_to_its_end(self, reason: Why, state: TrialState, cause: Cause | None) -> None:
        outcome = Outcome(TrialState.COMPLETE, tail="done")
        assert reason.judge(outcome) == outcome
        assert (reason.state, reason.cause) == (state, cause)

    @pytest.mark.parametrize("how", [TrialState.PRUNED, TrialState.FAILED, TrialState.KILLED])
    def test_ended_for_that_reason_however_it_ended(
        self, reason: Why, state: TrialState, cause: Cause | None, how: TrialState
    ) -> None:
        judged = reason.judge(Outcome(how, "exit code 1", "Traceback", Cause.CRASH))
        assert (judged.state, judged.cause, judged.tail) == (state, cause, "Traceback")
        assert judged.reason == (reason.reason or "exit code 1")


def test_reasons_say_the_time() -> None:
    assert why.timed_out(90.0).reason == "timed out after 90 s"
    assert why.stalled(0.5).reason == "logged nothing for 0.5 s"
    assert why.overspent("its 60 s are over").reason == "the sweep has ended: its 60 s are over"
