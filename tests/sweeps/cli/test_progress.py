from __future__ import annotations

import math

import pytest

from sweeps.cli.progress import Progress, span
from sweeps.scheduler import Event, SweepEnded, SweepInterrupted, SweepStarted, TrialEnded, TrialReported, TrialStarted
from sweeps.trial import TrialState

STARTED = SweepStarted("s" * 32, "mine", 4, 2, "accuracy", "maximize", {}, None)


class Clock:
    """A clock that somebody sets."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def started(number: int, attempt: int = 0, *gpus: str) -> TrialStarted:
    return TrialStarted(number, f"run-{number}", {"n": number}, attempt, gpus)


def progress_of(*events: Event, at: float = 10.0) -> Progress:
    """Return what is known when the events have come at 0 seconds, and the ends at `at` seconds."""
    clock = Clock()
    progress = Progress(clock=clock)
    for event in events:
        clock.now = at if isinstance(event, TrialEnded) else clock.now
        progress.follow(event)
    clock.now = at
    return progress


def test_says_what_is_done_what_runs_the_best_and_the_time_left() -> None:
    progress = progress_of(
        STARTED,
        started(0),
        started(1),
        TrialReported(0, 1, 0.5),
        TrialReported(1, 1, 0.75),
        TrialEnded(0, TrialState.COMPLETE, 0.5, ""),
    )
    # Three trials of 10 s are left, of one of them all 10 s are over; two run at a time.
    assert progress.summary() == "1/4 done · 1 running · best accuracy 0.75 (trial 1) · 10 s left"


@pytest.mark.parametrize(("goal", "best"), [("maximize", (1, 3.0)), ("minimize", (0, 1.0))])
def test_the_best_goes_by_the_goal_and_is_finite(goal: str, best: tuple[int, float]) -> None:
    progress = progress_of(SweepStarted("s", "mine", None, 1, "m", goal, {}, None))
    for number, value in [(0, 1.0), (1, 3.0), (2, math.nan), (3, math.inf), (4, -math.inf), (5, 3.0), (6, 1.0)]:
        progress.follow(started(number))
        progress.follow(TrialReported(number, 1, value))
    assert progress.best is not None
    assert (progress.best.number, progress.best.value, progress.best.params) == (*best, {"n": best[0]})


def test_what_a_trial_reached_does_not_count_once_it_has_failed() -> None:
    progress = progress_of(STARTED, started(0), started(1), TrialReported(0, 1, 0.9), TrialReported(1, 1, 0.5))
    assert progress.best is not None
    assert progress.best.number == 0
    progress.follow(TrialEnded(0, TrialState.FAILED, 0.9, "ValueError: lr"))
    assert progress.best.value == 0.5


def test_what_failed_is_counted_and_said() -> None:
    progress = progress_of(STARTED, started(0), TrialEnded(0, TrialState.FAILED, None, "ValueError: lr"))
    assert "1 failed" in progress.summary()
    assert [*map(str, progress.troubles)] == ["trial 0 failed: ValueError: lr"]


def test_what_is_tried_again_is_no_end() -> None:
    progress = progress_of(STARTED, started(0), TrialEnded(0, TrialState.WAITING, None, "exited with code 1"))
    assert progress.counts() == "0/4 done · 1 retry"
    assert [*map(str, progress.troubles)] == ["trial 0 tried again: exited with code 1"]
    progress.follow(started(0, 1))
    assert progress.running[0].attempt == 1
    progress.follow(TrialEnded(0, TrialState.COMPLETE, 0.5, ""))
    assert progress.counts() == "1/4 done · 1 retry"


def test_a_sweep_that_is_resumed_begins_where_it_was() -> None:
    done = {TrialState.COMPLETE: 2, TrialState.FAILED: 1}
    progress = progress_of(SweepStarted("s", "mine", 4, 2, "m", "minimize", done, (1, 0.25)))
    assert progress.summary() == "3/4 done · 1 failed · best m 0.25 (trial 1)"
    progress.follow(started(3))
    progress.follow(TrialReported(3, 1, 0.5))
    assert progress.best is not None
    assert progress.best.value == 0.25


def test_who_was_ended_with_the_sweep_is_not_done() -> None:
    progress = progress_of(STARTED, started(0), TrialEnded(0, TrialState.KILLED, 0.5, "the sweep was ended"))
    assert progress.counts() == "0/4 done · 1 killed"
    progress.follow(SweepEnded(interrupted=True, reason="the sweep was ended"))
    assert progress.over == "the sweep was ended; go on with: sweeps resume mine"


def test_an_end_from_outside_is_said_in_steps() -> None:
    progress = progress_of(STARTED, SweepInterrupted(1, "the sweep was preempted"))
    assert progress.word.startswith("nothing new is launched")
    for times in (2, 3):
        progress.follow(SweepInterrupted(times, "the sweep was ended"))
        assert progress.word.startswith("trials are ended now")
    assert progress.interrupted_by == "the sweep was preempted"


def test_why_a_sweep_ends_early_is_said() -> None:
    progress = progress_of(STARTED, SweepEnded(interrupted=False, reason="trial 3 reached the target 0.9"))
    assert progress.over == "the sweep has ended: trial 3 reached the target 0.9"
    assert progress_of(STARTED, SweepEnded(interrupted=False, reason="")).over == ""


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.4, "0 s"),
        (59.4, "59 s"),
        (59.6, "1 min 0 s"),
        (3599.4, "59 min 59 s"),
        (3599.6, "1 h 0 min"),
        (7 * 3600 + 59 * 60 + 31, "8 h 0 min"),
        (50 * 3600, "2 d 2 h"),
    ],
)
def test_times_are_told_in_two_units_at_most(seconds: float, text: str) -> None:
    assert span(seconds) == text
