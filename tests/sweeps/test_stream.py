"""A sweep's events, as they happen."""

from __future__ import annotations

from contextlib import aclosing

import anyio
import pytest

import sweeps
import tracker
from sweeps.errors import NoTrialSucceeded
from sweeps.scheduler import SweepEnded, SweepStarted, TrialEnded, TrialStarted
from sweeps.trial import TrialState

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("home")]


def sweep_of(train: object, trials: int = 3) -> sweeps.Sweep:
    return sweeps.Sweep(
        train,  # type: ignore[arg-type]  # a function of a trial
        parameters={"n": {"values": list(range(trials))}},
        method="grid",
        metric="loss",
        executor="threads",
        name="mine",
    )


def endless(trial: sweeps.Trial) -> None:
    while True:
        trial.log({"loss": 1.0})


async def test_is_every_event_in_order_to_the_end() -> None:
    events = [event async for event in sweeps.stream(sweep_of(lambda trial: trial.log({"loss": 1.0})), store="store")]
    assert isinstance(events[0], SweepStarted)
    assert events[-1] == SweepEnded(interrupted=False, reason="")
    assert [event.number for event in events if isinstance(event, TrialStarted)] == [0, 1, 2]
    assert [event.state for event in events if isinstance(event, TrialEnded)] == [TrialState.COMPLETE] * 3


async def test_that_is_left_ends_the_sweep() -> None:
    async with aclosing(sweeps.stream(sweep_of(endless), store="store")) as events:
        async for event in events:
            if isinstance(event, TrialStarted):
                break
    assert await running() == 0


async def test_that_is_dropped_ends_the_sweep() -> None:
    async def first_start() -> None:
        async for event in sweeps.stream(sweep_of(endless), store="store"):
            if isinstance(event, TrialStarted):
                return

    await first_start()
    while await running():  # noqa: ASYNC110  # what ends is in the store, not in this program
        await anyio.sleep(0.05)


async def test_says_what_went_wrong_after_its_last_event() -> None:
    def train(_: sweeps.Trial) -> None:
        raise ValueError("no such lr")

    events = []

    async def follow() -> None:
        async for event in sweeps.stream(sweep_of(train), store="store"):
            events.append(event)  # noqa: PERF401  # what came before it raised is looked at

    with pytest.raises(NoTrialSucceeded, match="all 3 trials failed"):
        await follow()
    assert isinstance(events[-1], SweepEnded)


async def test_refuses_what_cannot_be_run() -> None:
    with pytest.raises(sweeps.InvalidSweep, match="parallel: 0 is too small"):
        async for _ in sweeps.stream(sweep_of(lambda _: None), store="store", parallel=0):
            pass


async def running() -> int:
    async with tracker.connect("store", create=False) as store:
        await store.catch_up()
        return sum(run.status is tracker.RunStatus.RUNNING for run in await store.search_runs())
