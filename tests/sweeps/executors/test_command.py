from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import pytest

import sweeps
from sweeps.errors import NoTrialSucceeded
from sweeps.trial import Outcome, TrialState, trial_seed

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
