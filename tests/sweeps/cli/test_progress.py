from __future__ import annotations

import io
import math

import pytest

from sweeps.cli.progress import Progress, shown_on
from sweeps.scheduler import Event, SweepEnded, SweepInterrupted, SweepStarted, TrialEnded, TrialReported, TrialStarted
from sweeps.trial import TrialState

STARTED = SweepStarted("s" * 32, "mine", 4, 2, "accuracy", "maximize")


def progress_of(*events: Event, at: float = 10.0) -> Progress:
    """Return what is known when the events have come, the first at 0 seconds, and it is `at` seconds."""
    clock = [0.0]
    progress = Progress(clock=lambda: clock[0])
    for event in events:
        progress.follow(event)
    clock[0] = at
    return progress


def test_says_what_is_done_what_runs_the_best_the_pace_and_the_time_left() -> None:
    progress = progress_of(
        STARTED,
        TrialStarted(0, "a", {}),
        TrialStarted(1, "b", {}),
        TrialReported(0, 0.5),
        TrialReported(1, 0.75),
        TrialEnded(0, TrialState.COMPLETE, 0.5, ""),
    )
    summary = progress.summary()
    assert summary == "1/4 done · 1 running · best accuracy 0.75 (trial 1) · 10 s a trial · 30 s left"


@pytest.mark.parametrize(("goal", "best"), [("maximize", (1, 3.0)), ("minimize", (0, 1.0))])
def test_the_best_goes_by_the_goal_and_is_finite(goal: str, best: tuple[int, float]) -> None:
    progress = progress_of(SweepStarted("s", "mine", None, 1, "m", goal))
    for number, value in [(0, 1.0), (1, 3.0), (2, math.nan), (3, math.inf), (4, -math.inf), (5, 3.0), (6, 1.0)]:
        progress.follow(TrialReported(number, value))
    assert progress.best == best


def test_what_failed_is_counted_and_said() -> None:
    progress = progress_of(STARTED, TrialStarted(0, "a", {}), TrialEnded(0, TrialState.FAILED, None, "ValueError: lr"))
    assert "1 failed" in progress.summary()
    assert progress.failures == ["trial 0 failed: ValueError: lr"]


def test_where_there_is_no_terminal_each_event_that_matters_is_a_line() -> None:
    stream = io.StringIO()
    with shown_on(stream) as listen:
        for event in (
            STARTED,
            TrialStarted(0, "a", {}),
            TrialReported(0, 0.25),
            TrialEnded(0, TrialState.COMPLETE, 0.25, ""),
            TrialStarted(1, "b", {}),
            SweepInterrupted(1),
            TrialEnded(1, TrialState.KILLED, None, "the sweep was ended\x1b[31m"),
            SweepEnded(interrupted=True),
        ):
            listen(event)
    lines = stream.getvalue().splitlines()
    assert lines[0] == f"sweep mine ({'s' * 32}): 4 trials, 2 at a time"
    assert lines[1].startswith("trial 0 complete, accuracy 0.25 | 1/4 done")
    assert lines[2].startswith("nothing new is launched")
    assert lines[3].startswith("trial 1 killed: the sweep was ended [31m | 2/4 done")
    assert len(lines) == 4


def test_an_end_from_outside_is_said_in_two_steps() -> None:
    progress = progress_of(STARTED, SweepInterrupted(1))
    assert progress.word.startswith("nothing new is launched")
    for times in (2, 3):
        progress.follow(SweepInterrupted(times))
        assert progress.word == "trials are ended now"
