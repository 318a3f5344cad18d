from __future__ import annotations

import io

from sweeps.cli.progress import Progress
from sweeps.cli.showing import Mode, shown_on
from sweeps.scheduler import Event, SweepEnded, SweepInterrupted, SweepStarted, TrialEnded, TrialReported, TrialStarted
from sweeps.trial import TrialState

STARTED = SweepStarted("s" * 32, "mine", 4, 2, "accuracy", "maximize", {}, None)


def started(number: int, attempt: int = 0) -> TrialStarted:
    return TrialStarted(number, f"run-{number}", {}, attempt, ())


def lines_of(mode: Mode, *events: Event, seconds: float = 0.0) -> list[str]:
    """Return the lines that events make, each so many seconds after the one before."""
    stream, now = io.StringIO(), 0.0
    with shown_on(stream, mode, Progress(clock=lambda: now)) as listen:
        for event in events:
            now += seconds
            listen(event)
    return stream.getvalue().splitlines()


EVENTS = (
    STARTED,
    started(0),
    TrialReported(0, 1, 0.25),
    TrialEnded(0, TrialState.COMPLETE, 0.25, ""),
    started(1),
    TrialEnded(1, TrialState.WAITING, None, "exited with code 1"),
    started(1, 1),
    SweepInterrupted(1),
    TrialEnded(1, TrialState.KILLED, None, "the sweep was ended\x1b[31m"),
    SweepEnded(interrupted=True, reason="the sweep was ended"),
)


def test_as_lines_each_event_that_matters_is_one() -> None:
    lines = lines_of("plain", *EVENTS)
    assert lines[0] == f"sweep mine ({'s' * 32}): 4 trials, 2 at a time"
    assert lines[1].startswith("trial 0 complete, accuracy 0.25 | 1/4 done")
    assert lines[2].startswith("trial 1 will be tried again: exited with code 1 | 1/4 done")
    assert lines[3].startswith("nothing new is launched")
    assert lines[4].startswith("trial 1 killed: the sweep was ended [31m | 1/4 done")
    assert lines[5] == "the sweep was ended; go on with: sweeps resume mine"
    assert len(lines) == 6


def test_long_trials_are_heard_of_once_a_minute() -> None:
    reports = [TrialReported(0, step, step / 100) for step in range(10)]
    lines = lines_of("plain", STARTED, started(0), *reports, seconds=20.0)
    assert lines[1:] == [
        "0/4 done · 1 running · best accuracy 0.01 (trial 0) | trial 0 0.01 at step 1",
        "0/4 done · 1 running · best accuracy 0.04 (trial 0) | trial 0 0.04 at step 4",
        "0/4 done · 1 running · best accuracy 0.07 (trial 0) | trial 0 0.07 at step 7",
    ]


def test_a_sweep_that_is_resumed_says_what_was_done_before() -> None:
    resumed = SweepStarted("s" * 32, "mine", 4, 2, "m", "minimize", {TrialState.COMPLETE: 3}, (0, 1.0))
    assert lines_of("plain", resumed) == [f"sweep mine ({'s' * 32}): 4 trials, 2 at a time, 3 done before"]


def test_quiet_is_silent() -> None:
    assert lines_of("quiet", *EVENTS) == []
