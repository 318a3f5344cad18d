from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import anyio
import pytest
from anyio import to_thread

import sweeps
import tracker
from sweeps.scheduler import Event, SweepEnded, SweepStarted, TrialEnded, TrialReported, TrialStarted
from sweeps.trial import TrialState

Program = Callable[..., Path]


class Fifo(Protocol):
    def read(self) -> bytes: ...
    def wait_until_nobody_writes(self) -> None: ...


def sweep_of(target: Callable[..., object] | str, executor: str, *, trials: int = 6) -> sweeps.Sweep:
    return sweeps.Sweep(
        target,
        parameters={"n": {"values": list(range(trials))}},
        method="grid",
        metric="loss",
        executor=executor,
        name="mine",
    )


def statuses() -> dict[str, str]:
    """Return every run's status, by its name."""
    with tracker.open("store", create=False) as store:
        return {run.name: str(run.status) for run in store.search_runs()}


class TestParallel:
    @pytest.mark.parametrize("parallel", [1, 3])
    def test_is_reached_and_never_exceeded(self, parallel: int) -> None:
        lock, most = threading.Lock(), [0]
        running: set[int] = set()
        together = threading.Barrier(parallel)

        def train(trial: sweeps.Trial) -> None:
            with lock:
                running.add(trial.number)
                most[0] = max(most[0], len(running))
            together.wait()
            trial.log({"loss": 1.0})
            with lock:
                running.remove(trial.number)

        result = sweeps.run(sweep_of(train, "threads", trials=3 * parallel), store="store", parallel=parallel)
        assert most[0] == parallel
        assert result.count(TrialState.COMPLETE) == 3 * parallel

    def test_async_trials_take_turns_in_one_thread(self) -> None:
        running, most, threads = [0], [0], set()
        everyone = anyio.Event()

        async def train(trial: sweeps.AsyncTrial) -> None:
            threads.add(threading.get_ident())
            running[0] += 1
            most[0] = max(most[0], running[0])
            if trial.number == 2:
                everyone.set()
            await everyone.wait()
            await trial.log({"loss": 1.0})
            running[0] -= 1

        sweeps.run(sweep_of(train, "inline"), store="store", parallel=3)
        assert most[0] <= 3
        assert threads == {threading.get_ident()}

    def test_a_slot_that_is_free_is_used_at_once(self) -> None:
        # Trial 0 ends when all the others have: they must have had the other slot, one after another.
        others = threading.Semaphore(0)

        def train(trial: sweeps.Trial) -> None:
            if trial.number == 0:
                for _ in range(5):
                    others.acquire()
            else:
                others.release()
            trial.log({"loss": 1.0})

        result = sweeps.run(sweep_of(train, "threads"), store="store", parallel=2)
        assert result.count(TrialState.COMPLETE) == 6


class TestEvents:
    def test_tell_the_whole_story_in_order(self) -> None:
        def train(trial: sweeps.Trial) -> None:
            trial.log({"loss": 1.0 - trial.number})
            if trial.number == 1:
                raise ValueError("no such lr")

        events: list[Event] = []
        result = sweeps.run(sweep_of(train, "inline", trials=2), store="store", listen=events.append)
        runs = [trial.run_id for trial in result.trials]
        assert events == [
            SweepStarted(result.sweep_id, "mine", 2, 1, "loss", "minimize", {}, None),
            TrialStarted(0, runs[0], {"n": 0}, 0, ()),
            TrialReported(0, 0, 1.0),
            TrialEnded(0, TrialState.COMPLETE, 1.0, ""),
            TrialStarted(1, runs[1], {"n": 1}, 0, ()),
            TrialReported(1, 0, 0.0),
            TrialEnded(1, TrialState.FAILED, 0.0, "ValueError: no such lr"),
            SweepEnded(interrupted=False, reason=""),
        ]

    @pytest.mark.parametrize("executor", ["inline", "threads", "processes"])
    def test_tell_of_every_trial_once_and_of_reports_within_it(self, program: Program, executor: str) -> None:
        path = program("def train(trial):\n    for step in range(5):\n        trial.log({'loss': step}, step=step)\n")
        events: list[Event] = []
        sweeps.run(sweep_of(f"{path}:train", executor, trials=4), store="store", parallel=2, listen=events.append)
        for number in range(4):
            own = [e for e in events if isinstance(e, TrialStarted | TrialReported | TrialEnded) and e.number == number]
            assert isinstance(own[0], TrialStarted)
            assert [e.value for e in own[1:-1] if isinstance(e, TrialReported)] == [0, 1, 2, 3, 4]
            assert own[-1] == TrialEnded(number, TrialState.COMPLETE, 0.0, "")

    def test_know_no_total_where_there_is_none(self) -> None:
        events: list[Event] = []

        def listen(event: Event) -> None:
            events.append(event)
            if isinstance(event, TrialEnded) and event.number == 3:
                raise EOFError

        sweep = sweeps.Sweep(
            lambda trial: trial.log({"loss": 1.0}),
            parameters={"a": {"min": 0.0, "max": 1.0}},
            method="random",
            executor="inline",
        )
        with pytest.raises(EOFError):
            sweeps.run(sweep, store="store", listen=listen)
        assert "total=None" in repr(events[0])


class TestTheStore:
    def test_has_a_trials_run_before_its_function_starts(self) -> None:
        found = []

        def train(trial: sweeps.Trial) -> None:
            with tracker.open("store", create=False) as store:
                store.catch_up()
                run = store.get_run(trial.run.run_id)
                found.append((str(run.status), run.name, run.tags["trial.state"]))
            trial.log({"loss": 1.0})

        sweeps.run(sweep_of(train, "threads"), store="store", parallel=2)
        assert sorted(found) == [("RUNNING", f"trial-{number}", "running") for number in range(6)]

    def test_is_shared_by_sweeps_that_run_at_the_same_time(self) -> None:
        together = threading.Barrier(2, timeout=60)  # should one of them not come

        def train(trial: sweeps.Trial) -> None:
            together.wait()
            trial.log({"loss": 1.0})

        tracker.open("store").close()
        results: list[sweeps.SweepResult] = []
        threads = [
            threading.Thread(target=lambda: results.append(sweeps.run(sweep_of(train, "threads"), store="store")))
            for _ in range(2)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [result.count(TrialState.COMPLETE) for result in results] == [6, 6]


class TestFailures:
    def test_of_one_trial_do_not_disturb_its_siblings(self) -> None:
        failed = threading.Event()

        def train(trial: sweeps.Trial) -> None:
            trial.log({"loss": float(trial.number)})
            if trial.number == 0:
                failed.set()
                raise ValueError("no such lr")
            failed.wait()

        result = sweeps.run(sweep_of(train, "threads"), store="store", parallel=3)
        assert [trial.state for trial in result.trials] == [TrialState.FAILED] + [TrialState.COMPLETE] * 5

    @pytest.mark.parametrize("moment", [SweepStarted, TrialStarted, TrialReported, TrialEnded, SweepEnded])
    def test_of_a_listener_end_the_sweep_and_leave_nothing_running(self, moment: type[Event]) -> None:
        def listen(event: Event) -> None:
            if isinstance(event, moment):
                raise EOFError("nobody listens")  # noqa: TRY004  # what it raises is its own business

        async def train(trial: sweeps.AsyncTrial) -> None:
            await trial.log({"loss": 1.0})
            if trial.number > 1:
                await anyio.sleep_forever()

        with pytest.raises(EOFError, match="nobody listens"):
            sweeps.run(sweep_of(train, "inline", trials=2 if moment is SweepEnded else 6), store="store", listen=listen)
        assert "RUNNING" not in statuses().values()
        assert statuses()["mine"] == ("FINISHED" if moment is SweepEnded else "KILLED")


class TestCancellation:
    @pytest.mark.parametrize("executor", ["inline", "processes"])
    @pytest.mark.parametrize("moment", [SweepStarted, TrialStarted, TrialReported, TrialEnded])
    def test_leaves_no_run_running_whenever_it_comes(
        self, program: Program, executor: str, moment: type[Event]
    ) -> None:
        path = program("""
        import anyio

        async def train(trial):
            await trial.log({"loss": 1.0})
            if trial.number > 1:
                await anyio.sleep_forever()
        """)

        async def cancelled() -> None:
            with anyio.CancelScope() as scope:

                def listen(event: Event) -> None:
                    if isinstance(event, moment):
                        scope.cancel()

                sweep = sweep_of(f"{path}:train", executor)
                await sweeps.run_async(sweep, store="store", parallel=2, listen=listen)
            assert scope.cancelled_caught

        anyio.run(cancelled)
        found = statuses()
        assert found.pop("mine") == "KILLED"
        assert set(found.values()) <= {"KILLED", "FINISHED"}
        assert len(found) <= 3

    @pytest.mark.parametrize("executor", ["processes", "command"])
    def test_leaves_no_process(self, program: Program, fifo: Fifo, executor: str) -> None:
        path = program("""
        import os
        import signal

        def train(trial):
            fifo = os.open("fifo", os.O_WRONLY)
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            if os.fork() == 0:
                signal.pause()
            print("last words", flush=True)
            os.write(fifo, b"x")
            while True:
                signal.pause()

        if __name__ == "__main__":
            train(None)
        """)
        target = f"{path}:train" if executor == "processes" else str(path)

        async def cancelled() -> None:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(lambda: sweeps.run_async(sweep_of(target, executor), store="store", parallel=2))
                seen = b""
                while len(seen) < 2:
                    seen += await to_thread.run_sync(fifo.read)
                tasks.cancel_scope.cancel()

        anyio.run(cancelled)
        fifo.wait_until_nobody_writes()
        assert statuses() == {"mine": "KILLED", "trial-0": "KILLED", "trial-1": "KILLED"}
        with tracker.open("store", create=False) as store:
            trials = [run for run in store.search_runs() if run.parent_run_id]
        assert {(run.tags["trial.state"], run.tags["trial.reason"], run.tags["trial.tail"]) for run in trials} == {
            ("killed", "the sweep was ended", "last words")
        }

    def test_ends_a_thread_at_its_next_log(self) -> None:
        started, cancelled = threading.Event(), threading.Event()
        raised = []

        def train(trial: sweeps.Trial) -> None:
            started.set()
            cancelled.wait()
            try:
                trial.log({"loss": 1.0})
            except BaseException as error:
                raised.append(error)
                raise
            finally:
                ended.set()

        async def main() -> None:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(lambda: sweeps.run_async(sweep_of(train, "threads"), store="store"))
                await to_thread.run_sync(started.wait)
                tasks.cancel_scope.cancel()

        ended = threading.Event()
        try:
            anyio.run(main)
            assert statuses() == {"mine": "KILLED", "trial-0": "KILLED"}
        finally:
            cancelled.set()
        ended.wait()
        assert raised
