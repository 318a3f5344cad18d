from __future__ import annotations

from sweeps.cli.progress import Progress
from sweeps.cli.screen import screen
from sweeps.scheduler import Event, SweepEnded, SweepInterrupted, SweepStarted, TrialEnded, TrialReported, TrialStarted
from sweeps.trial import TrialState

STARTED = SweepStarted("s" * 32, "mine", 4, 2, "accuracy", "maximize", {}, None)


def shown(*events: tuple[float, Event], at: float, height: int = 30) -> list[str]:
    """Return the lines of the screen at a time, after events at theirs."""
    now = 0.0
    progress = Progress(clock=lambda: now)
    for time, event in events:
        now = time
        progress.follow(event)
    now = at
    return ["".join(text for text, _ in line) for line in screen(progress, height)]


def test_shows_slots_the_best_its_way_and_what_went_wrong() -> None:
    assert shown(
        (0, STARTED),
        (0, TrialStarted(0, "a", {"lr": 0.1}, 0, ("0",))),
        (0, TrialStarted(1, "b", {"lr": 0.25}, 0, ("1",))),
        (10, TrialReported(0, 1, 0.5)),
        (20, TrialReported(0, 2, 0.75)),
        (20, TrialEnded(0, TrialState.COMPLETE, 0.75, "")),
        (20, TrialEnded(1, TrialState.WAITING, None, "killed by signal 9")),
        (20, TrialStarted(1, "b", {"lr": 0.25}, 1, ("1",))),
        (20, TrialStarted(2, "c", {"lr": 0.125}, 0, ("0",))),
        (25, TrialReported(2, 10, 0.25)),
        at=30,
    ) == [
        "mine · maximize accuracy · 2 at a time · 30 s",
        f"{'━' * 10}{'─' * 30}  1/4 done · 2 running · 1 complete · 1 retry · 20 s left",
        f"{'▁' * 19}{'█' * 21}  best accuracy 0.75 · trial 0, 10 s ago  lr=0.1",
        "",
        "trial  attempt  on     accuracy  step   for  params",
        "    1        2  gpu:1                  10 s  lr=0.25",
        "    2           gpu:0      0.25    10  10 s  lr=0.125",
        "",
        "trial 1 tried again: killed by signal 9",
    ]


def test_without_a_metric_or_an_end_it_is_short() -> None:
    started = SweepStarted("s" * 32, "mine", None, 1, "", "minimize", {}, None)
    assert shown((0, started), (0, TrialStarted(0, "a", {}, 0, ())), at=61) == [
        "mine · 1 at a time · 1 min 1 s",
        "0 done · 1 running",
        "",
        "trial        for",
        "    0  1 min 1 s",
    ]


def test_fits_the_terminal() -> None:
    many = [(0.0, TrialStarted(number, "a", {}, 0, ())) for number in range(100)]
    lines = shown((0, STARTED), *many, at=1, height=20)
    assert len(lines) <= 20
    assert lines[-1].startswith("… and ")


def test_says_that_it_begins_and_that_it_ends() -> None:
    assert shown(at=0) == ["starting …"]
    assert shown((0, STARTED), (1, SweepInterrupted(1)), at=2)[-1].startswith("nothing new is launched")
    ended = SweepEnded(interrupted=True, reason="the sweep was preempted")
    lines = shown((0, STARTED), (1, SweepInterrupted(1)), (2, ended), at=3)
    assert lines[2:] == ["the sweep was preempted; go on with: sweeps resume mine"]
