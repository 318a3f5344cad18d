"""The conductor's own rules; what it keeps to under faults is in `test_simulation`."""

from __future__ import annotations

import pytest

from sweeps.config.retries import Retries
from sweeps.errors import InvalidSweep
from sweeps.samplers import Params, Proposal, make_sampler
from sweeps.scheduler import Conductor, Launch
from sweeps.slots import Capacity, Need, Slots
from sweeps.space import Space
from sweeps.study import PastTrial, Rules, Study
from sweeps.trial import Outcome, TrialState

SPACE = Space.from_parameters({"gpu": {"values": [2, 1, 0.5, 0.5, 4]}})
COMPLETE, FAILED = Outcome(TrialState.COMPLETE), Outcome(TrialState.FAILED)


def need(params: Params) -> Need:
    return Need(cpu=0, gpu=float(str(params["gpu"])))


def conductor_of(parallel: int | None = 2, *, gpus: int = 0, retries: int = 0, run_cap: int | None = None) -> Conductor:
    """Conduct random trials that need a place each, or a grid's trials of 2, 1, 0.5 and 4 GPUs."""
    capacity = Capacity(cpu=8, gpus=tuple(map(str, range(gpus))), memory=0)
    sampler = make_sampler("grid" if gpus else "random", None, SPACE, "minimize", 0)
    study = Study(sampler, Rules(run_cap=run_cap, retries=Retries(retries)))
    return Conductor(study, Slots(capacity, parallel), need if gpus else Need(cpu=0))


def fill(conductor: Conductor) -> list[Launch]:
    """Ask and launch as the scheduler does."""
    launched = []
    while True:
        number = conductor.wants()
        if number is not None:
            conductor.begin(number, conductor.study.propose(number))
        launch = conductor.launch()
        if launch is not None:
            launched.append(launch)
        elif number is None:
            return launched


def numbers(launched: list[Launch]) -> list[tuple[int, int]]:
    return [(launch.attempt.number, launch.attempt.attempt) for launch in launched]


def test_asks_only_when_there_is_a_place() -> None:
    conductor = conductor_of(2)
    assert numbers(fill(conductor)) == [(0, 0), (1, 0)]
    assert (conductor.wants(), conductor.running) == (None, 2)
    conductor.end(1, 0, COMPLETE)
    assert conductor.wants() == 2


def test_a_retry_takes_its_place_before_a_new_trial_is_asked_for() -> None:
    conductor = conductor_of(1, retries=1)
    fill(conductor)
    verdict = conductor.end(0, 0, FAILED)
    assert verdict is not None
    assert verdict.again
    assert conductor.wants() is None
    assert numbers(fill(conductor)) == [(0, 1)]
    conductor.end(0, 1, FAILED)
    assert numbers(fill(conductor)) == [(1, 0)]


def test_the_end_of_another_attempt_frees_nothing() -> None:
    conductor = conductor_of(1, retries=1)
    fill(conductor)
    conductor.end(0, 0, FAILED)
    fill(conductor)
    assert conductor.end(0, 0, COMPLETE) is None
    assert conductor.end(7, 0, COMPLETE) is None
    assert (conductor.running, conductor.wants()) == (1, None)
    assert conductor.end(0, 1, COMPLETE) is not None
    assert conductor.end(0, 1, COMPLETE) is None
    assert conductor.running == 0


def test_knows_some_trials_ahead_where_their_needs_differ() -> None:
    conductor = conductor_of(None, gpus=4)
    # Of 2, 1, 0.5 and 4 GPUs the last has to wait for all others.
    launched = fill(conductor)
    assert [launch.grant.need.gpu for launch in launched] == [2, 1, 0.5]
    for launch in launched:
        assert fill(conductor) == []
        conductor.end(launch.attempt.number, 0, COMPLETE)
    assert [launch.grant.need.gpu for launch in fill(conductor)] == [4]


def test_refuses_what_never_fits() -> None:
    conductor = conductor_of(None, gpus=1)
    with pytest.raises(InvalidSweep, match="2 GPUs for a trial"):
        fill(conductor)


def test_launches_nothing_once_the_study_ends_and_gives_up_what_waits() -> None:
    conductor = conductor_of(1, retries=2)
    fill(conductor)
    conductor.end(0, 0, FAILED)
    conductor.study.stop("enough")
    assert fill(conductor) == []
    assert conductor.abandon() == [0]
    assert conductor.study.state(0) is TrialState.KILLED
    assert conductor.abandon() == []


def test_begins_with_what_had_not_ended_when_it_is_resumed() -> None:
    conductor = conductor_of(3, run_cap=5)
    states = [TrialState.COMPLETE, TrialState.RUNNING, TrialState.WAITING, TrialState.KILLED]
    attempts = [0, 2, -1, 0]
    past = [
        PastTrial(number, Proposal({"gpu": 1}), state, attempt=attempt)
        for number, (state, attempt) in enumerate(zip(states, attempts, strict=True))
    ]
    verdicts = conductor.restore(past)
    assert [(verdict.number, verdict.state) for verdict in verdicts] == [
        (1, TrialState.WAITING),
        (2, TrialState.WAITING),
        (3, TrialState.WAITING),
    ]
    assert numbers(fill(conductor)) == [(1, 3), (2, 0), (3, 1)]
    conductor.end(2, 0, COMPLETE)
    assert numbers(fill(conductor)) == [(4, 0)]
    assert conductor.wants() is None
