from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import anyio
import pytest

import sweeps
import tracker
from sweeps.errors import InvalidSweep, NoTrialSucceeded
from sweeps.executors import Control, FunctionTarget, make_executor
from sweeps.scheduler import Event, TrialEnded
from sweeps.slots import Capacity
from sweeps.trial import Assignment, Outcome, TrialState

Program = Callable[..., Path]
Target = Callable[..., object] | str

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
PID = """
import os

def train(trial):
    trial.log({"pid": os.getpid(), "n": trial.params["n"]})
"""


class Fifo(Protocol):
    def wait_until_nobody_writes(self) -> None: ...


def logged(result: sweeps.SweepResult, key: str) -> list[float]:
    """Return what the trials have logged last, by trial."""
    with tracker.open(result.store) as store:
        return [store.get_run(trial.run_id).metrics[key] for trial in result.trials]


def run(
    target: Target, *, values: int = 2, parallel: int = 1, listen: Callable[[Event], None] | None = None
) -> sweeps.SweepResult:
    parameters = {"n": {"values": list(range(values))}}
    sweep = sweeps.Sweep(target, parameters=parameters, method="grid", executor="processes")
    return sweeps.run(sweep, store="store", parallel=parallel, listen=listen)


class TestWorkers:
    def test_are_used_again_and_gone_after_the_sweep(self, program: Program) -> None:
        result = run(f"{program(PID)}:train", values=4, parallel=1)
        pids = {int(pid) for pid in logged(result, "pid")}
        assert len(pids) == 1
        assert os.getpid() not in pids
        with pytest.raises(ProcessLookupError):
            os.kill(pids.pop(), 0)

    def test_are_as_many_as_run_at_once(self, program: Program, home: Path) -> None:
        # Every trial waits until both run.
        text = """
        import os

        def train(trial):
            # To open either end is to wait for the other.
            open("both", "w" if trial.number else "r").close()
            trial.log({"pid": os.getpid()})
        """
        os.mkfifo(home / "both")
        result = run(f"{program(text)}:train", parallel=2)
        pids = {int(pid) for pid in logged(result, "pid")}
        assert len(pids) == 2
        for pid in pids:
            with pytest.raises(ProcessLookupError):
                os.kill(pid, 0)

    def test_take_what_they_started_with_them(self, program: Program, fifo: Fifo) -> None:
        text = """
        import subprocess

        def train(trial):
            script = "exec 3>fifo; echo up >&3; echo up; exec sleep 1000"
            child = subprocess.Popen(script, shell=True, stdout=subprocess.PIPE)
            child.stdout.readline()
        """
        run(f"{program(text)}:train", values=1)
        fifo.wait_until_nobody_writes()

    def test_that_die_take_what_they_started_with_them(self, program: Program, fifo: Fifo) -> None:
        text = """
        import os, signal

        def train(trial):
            if trial.number == 0:
                file = os.open("fifo", os.O_WRONLY)
                if os.fork() == 0:
                    signal.pause()
                os.kill(os.getpid(), signal.SIGKILL)
        """
        result = run(f"{program(text)}:train")
        assert [trial.state for trial in result.trials] == [TrialState.FAILED, TrialState.COMPLETE]
        fifo.wait_until_nobody_writes()

    def test_that_die_between_trials_cost_one_trial_at_most(self, program: Program, home: Path) -> None:
        text = """
        import os
        from pathlib import Path

        def train(trial):
            Path("pid").write_text(str(os.getpid()))
        """

        def listen(event: Event) -> None:
            if isinstance(event, TrialEnded) and event.number == 0:
                os.kill(int((home / "pid").read_text()), signal.SIGKILL)

        result = run(f"{program(text)}:train", values=3, listen=listen)
        assert [result.trials[0].state, result.trials[2].state] == [TrialState.COMPLETE] * 2
        assert result.trials[1].reason in {"", "its process was killed by SIGKILL"}

    def test_that_cannot_be_started_fail_their_trials(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "executable", "/no/such/python")
        with pytest.raises(NoTrialSucceeded, match="cannot start a process: No such file or directory"):
            run(lambda _: None)

    def test_that_end_at_their_start_fail_their_trials(self, monkeypatch: pytest.MonkeyPatch) -> None:
        # More than a pipe holds, so that the scheduler is still writing when nobody reads any more.
        data = os.urandom(1_000_000)
        monkeypatch.setattr(sys, "executable", "/bin/false")
        with pytest.raises(NoTrialSucceeded, match="its process exited with code 1"):
            run(lambda _: data)


class TestEnvironment:
    def test_shares_the_cores(self, program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
        text = f"""
        import os

        def train(trial):
            trial.log({{name: float(os.environ[name]) for name in {THREADS}}})
        """
        monkeypatch.setattr("sweeps.plan.find_capacity", lambda _: Capacity(cpu=8.0))
        result = run(f"{program(text)}:train", parallel=2)
        assert [logged(result, name) for name in THREADS] == [[4, 4]] * 3

    def test_keeps_what_a_user_says_of_threads(self, program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
        text = f"""
        import os

        def train(trial):
            trial.log({{name: float(os.environ[name]) for name in {THREADS}}})
        """
        monkeypatch.setenv("OMP_NUM_THREADS", "3")
        monkeypatch.setenv("MKL_NUM_THREADS", "5")
        result = run(f"{program(text)}:train", values=1)
        # OpenBLAS would have followed OMP_NUM_THREADS if nothing had been said of it.
        assert [logged(result, name) for name in THREADS] == [[3], [3], [5]]

    def test_is_the_users_own_otherwise(self, program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
        text = """
        import os, sys

        def train(trial):
            trial.run.set_tags({"python path": os.environ.get("PYTHONPATH", "none"), "mine": os.environ["MINE"]})
        """
        monkeypatch.delenv("PYTHONPATH", raising=False)
        monkeypatch.setenv("MINE", "yes")
        result = run(f"{program(text)}:train", values=1)
        with tracker.open(result.store) as store:
            tags = store.get_run(result.trials[0].run_id).tags
        assert (tags["python path"], tags["mine"]) == ("none", "yes")

    def test_has_the_schedulers_modules(self, program: Program, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        program("VALUE = 7\n", name="elsewhere/helper.py")
        monkeypatch.syspath_prepend(str(home / "elsewhere"))
        text = """
        def train(trial):
            import helper
            trial.log({"value": helper.VALUE})
        """
        assert logged(run(f"{program(text)}:train", values=1), "value") == [7]

    def test_is_not_disturbed_by_files_that_are_named_like_libraries(self, program: Program) -> None:
        for name in ("queue.py", "json.py", "anyio.py"):
            program("raise RuntimeError('not the library')\n", name=name)
        assert len(run(lambda trial: trial.log({"n": 1.0})).trials) == 2


class TestPlaces:
    """Which worker runs what: one attempt after the other, in the order of their environments."""

    def pids(self, program: Program, home: Path, environments: Sequence[dict[str, str]], parallel: int) -> list[int]:
        path = program("""
        import os

        def train(trial):
            print(os.getpid(), os.environ["DEVICE"], os.environ["SWEEPS_ATTEMPT"].rpartition("/")[0], os.getcwd())
        """)
        target = FunctionTarget(place=str(path), name="train")

        async def conduct() -> list[int]:
            async with make_executor("processes", target, parallel) as executor:
                for number, environment in enumerate(environments):
                    assignment = replace(first, number=number, environment=environment, output=f"{number}.txt")
                    outcome = await executor.run(assignment, Control(lambda *_: False))
                    assert outcome == Outcome(TrialState.COMPLETE)
                return [take(number) for number in range(len(environments))]

        def take(number: int) -> int:
            pid, device, marker, folder = Path(f"{number}.txt").read_text().split()
            assert (device, marker, folder) == (environments[number]["DEVICE"], "sweep-1/worker", str(home))
            return int(pid)

        with tracker.open("store"):
            first = Assignment(0, {}, 7, "r" * 32, "digits", str(home / "store"), "loss", sweep_id="sweep-1")
            return anyio.run(conduct)

    def test_a_worker_is_used_again_for_the_same_environment(self, program: Program, home: Path) -> None:
        pids = self.pids(program, home, [{"DEVICE": name} for name in "ABABBA"], parallel=2)
        assert len(set(pids)) == 2
        assert [pids.index(pid) for pid in pids] == [0, 1, 0, 1, 1, 0]

    def test_there_are_never_more_workers_than_places(self, program: Program, home: Path) -> None:
        pids = self.pids(program, home, [{"DEVICE": name} for name in "AABBA"], parallel=1)
        assert [pids.index(pid) for pid in pids] == [0, 0, 2, 2, 4]


class TestFunctions:
    def test_may_be_closures_with_their_data(self) -> None:
        data = os.urandom(2_000_000)

        def train(trial: sweeps.Trial) -> None:
            trial.log({"length": len(data)})

        assert logged(run(train), "length") == [2_000_000] * 2

    def test_may_be_written_in_a_script_without_a_guard(self, program: Program) -> None:
        script = program("""
        import sweeps

        scale = 10

        class Helper:
            def value(self, n): return n * scale

        sweep = sweeps.Sweep(
            lambda trial: trial.log({"value": Helper().value(trial.params["n"])}),
            parameters={"n": {"values": [1, 2, 3]}}, metric="value", goal="maximize", method="grid",
            executor="processes",
        )
        result = sweeps.run(sweep, parallel=2, store="store")
        print([(trial.params["n"], trial.value) for trial in result.trials], result.name)
        """)
        root = str(Path(sweeps.__file__).parents[1])
        done = subprocess.run(
            [sys.executable, str(script)],
            env={**os.environ, "PYTHONPATH": root},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stdout == "[(1, 10.0), (2, 20.0), (3, 30.0)] lambda\n", done.stderr
        assert done.stderr == ""

    def test_that_hold_what_cannot_leave_the_process_are_refused_before_anything_starts(self, home: Path) -> None:
        lock = threading.Lock()
        with pytest.raises(InvalidSweep, match=r"cannot be sent to another process .*lock.*; .* executor threads"):
            run(lambda _: lock)
        assert not (home / "store").exists()
