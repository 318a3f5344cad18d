from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import anyio
import pytest
from anyio import to_thread

import sweeps
import tracker
from sweeps.config import expand
from sweeps.errors import NoTrialSucceeded
from sweeps.executors import CommandTarget, Control, command, make_executor
from sweeps.trial import Assignment, Outcome, TrialState, trial_seed

Program = Callable[..., Path]
Stopped = Callable[[str], Outcome]


class Fifo(Protocol):
    def read(self) -> bytes: ...
    def wait_until_nobody_writes(self) -> None: ...


def run(program: Path, *, parallel: int = 1) -> sweeps.SweepResult:
    sweep = sweeps.Sweep(
        program,
        parameters={"lr": {"value": 0.1}, "n": {"values": [0, 1]}},
        method="grid",
    )
    return sweeps.run(sweep, store="store", seed=7, parallel=parallel)


def test_a_program_is_told_its_params_and_its_place(program: Program, home: Path) -> None:
    path = program("""
    import json, os, sys

    names = ("SWEEPS_TRIAL", "SWEEPS_TRIAL_SEED", "TRACKER_STORE", "TRACKER_RUN_ID", "TRACKER_EXPERIMENT")
    with open(f"said-{os.environ['SWEEPS_TRIAL']}", "w") as file:
        json.dump([sys.argv[1:], *(os.environ[name] for name in names), os.getsid(0) == os.getpid()], file)
    """)
    result = run(path)
    for number, trial in enumerate(result.trials):
        said = json.loads((home / f"said-{number}").read_text())
        seed = str(trial_seed(7, number))
        arguments = ["--lr=0.1", f"--n={number}"]
        assert said == [arguments, str(number), seed, str(home / "store"), trial.run_id, "program", True]


def test_cores_are_shared_and_a_users_own_settings_kept(
    program: Program, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    monkeypatch.setenv("MKL_NUM_THREADS", "5")
    path = program("""
    import os
    from pathlib import Path

    Path("said").write_text(" ".join(os.environ[f"{name}_NUM_THREADS"] for name in ("OMP", "OPENBLAS", "MKL")))
    """)
    run(path, parallel=2)
    assert (home / "said").read_text() == "4 4 5"


def test_a_command_that_is_not_there_fails_its_trial() -> None:
    with pytest.raises(NoTrialSucceeded, match=r"cannot start .*: No such file or directory"):
        sweeps.run(
            sweeps.Sweep(__file__, parameters={"n": {"value": 0}}, method="grid", command=["/no/such/program"]),
            store="store",
        )


def test_what_a_command_started_ends_with_it(program: Program, fifo: Fifo) -> None:
    path = program("""
    import subprocess

    subprocess.Popen("exec 3>fifo; echo up >&3; exec sleep 1000", shell=True)
    """)
    run(path)
    fifo.wait_until_nobody_writes()


def test_a_program_in_another_language_can_log_nothing_and_be_complete() -> None:
    sweep = sweeps.Sweep(__file__, parameters={"n": {"value": 0}}, method="grid", command=["sh", "-c", "exit 0"])
    result = sweeps.run(sweep, store="store")
    assert [trial.state for trial in result.trials] == [TrialState.COMPLETE]


class TestStop:
    """A trial is told to end by a signal, and made to if it does not."""

    @pytest.fixture
    def stopped(self, program: Program, home: Path, fifo: Fifo) -> Stopped:
        def run_and_stop(text: str) -> Outcome:
            target = CommandTarget(("${interpreter}", "${program}"), str(program(text)), expand)
            with tracker.open(home / "store") as store:
                assignment = Assignment(0, {}, 0, "r" * 32, "digits", str(store.path), "loss")
                return anyio.run(conduct, target, assignment)

        async def conduct(target: CommandTarget, assignment: Assignment) -> Outcome:
            control = Control(lambda _: None)
            outcomes: list[Outcome] = []

            async def trial() -> None:
                outcomes.append(await executor.run(assignment, control))

            async with make_executor("command", target, 1) as executor, anyio.create_task_group() as tasks:
                tasks.start_soon(trial)
                await to_thread.run_sync(fifo.read)
                control.stop()
            return outcomes[0]

        return run_and_stop

    def test_comes_as_a_keyboard_interrupt(self, stopped: Stopped, home: Path) -> None:
        text = """
        import signal

        signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever runs the tests may ignore it
        fifo = open("fifo", "w")
        try:
            print("up", file=fifo, flush=True)
            signal.pause()
        except KeyboardInterrupt:
            open("cleaned", "w")
        """
        assert stopped(text) == Outcome(TrialState.PRUNED)
        assert (home / "cleaned").exists()

    @pytest.mark.parametrize("ignored", ["SIGINT", "SIGINT, signal.SIGTERM"])
    def test_cannot_be_ignored_for_ever(
        self, stopped: Stopped, fifo: Fifo, ignored: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(command, "_GRACE_SECONDS", 0.2)
        text = f"""
        import signal

        for number in (signal.{ignored},):
            signal.signal(number, signal.SIG_IGN)
        fifo = open("fifo", "w")
        print("up", file=fifo, flush=True)
        while True:
            signal.pause()
        """
        assert stopped(text) == Outcome(TrialState.PRUNED)
        fifo.wait_until_nobody_writes()
