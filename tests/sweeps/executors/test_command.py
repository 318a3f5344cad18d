from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import anyio
import pytest
import yaml

import sweeps
from sweeps.errors import NoTrialSucceeded
from sweeps.executors import CommandTarget, Control, command, make_executor, warden
from sweeps.slots import find_capacity
from sweeps.trial import Assignment, Cause, Outcome, TrialState, trial_seed

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

    names = (
        "SWEEPS_TRIAL", "SWEEPS_TRIAL_SEED", "TRACKER_STORE", "TRACKER_RUN_ID", "TRACKER_EXPERIMENT",
        "TRACKER_RUN_TOKEN", "WANDB_RUN_ID", "WANDB_SWEEP_ID", "SWEEPS_ATTEMPT",
    )
    with open(f"said-{os.environ['SWEEPS_TRIAL']}", "w") as file:
        json.dump([sys.argv[1:], *(os.environ[name] for name in names), os.getsid(0) == os.getpid()], file)
    """)
    result = run(path)
    for number, trial in enumerate(result.trials):
        said = json.loads((home / f"said-{number}").read_text())
        seed = str(trial_seed(7, number))
        arguments = ["--lr=0.1", f"--n={number}"]
        place = [str(number), seed, str(home / "store"), trial.run_id, "program", "0"]
        marker = f"{result.sweep_id}/{number}/0"
        assert said == [arguments, *place, trial.run_id, result.sweep_id, marker, True]


def test_cores_are_shared_and_a_users_own_settings_kept(
    program: Program, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = replace(find_capacity({"MKL_NUM_THREADS": "5"}), cpu=8.0)
    monkeypatch.setattr("sweeps.plan.find_capacity", lambda _: found)
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


class TestOneAttempt:
    """What an assignment says is done."""

    @pytest.fixture
    def assignment(self, home: Path) -> Assignment:
        params = {"lr": 1e-05, "net": {"width": 8}}
        return Assignment(0, params, 7, "r" * 32, "digits", str(home / "store"), "loss", output=str(home / "out.txt"))

    def run(
        self,
        text: str,
        assignment: Assignment,
        program: Program,
        *arguments: str,
        before: Callable[[], None] = lambda: None,
    ) -> Outcome:
        async def conduct() -> Outcome:
            async with make_executor("command", target, 2) as executor:
                before()
                outcome: Outcome = await executor.run(assignment, Control(lambda *_: False))
                return outcome

        words = ("${interpreter}", "${program}", *arguments)
        path = str(program(text))

        def expand(*_: object, json_file: Callable[[], str] | None = None, **__: object) -> list[str]:
            return [sys.executable, path, *([json_file()] if json_file else arguments)]

        target = CommandTarget(words, path, expand)
        return anyio.run(conduct)

    @pytest.mark.anyio
    async def test_nobody_waits_for_the_grace_of_what_has_ended(self, assignment: Assignment, program: Program) -> None:
        path = str(program("import signal; signal.pause()"))
        target = CommandTarget(None, path, lambda *_, **__: [sys.executable, path])
        control = Control(lambda *_: False)
        control.stop()
        async with make_executor("command", target, 1) as executor:
            outcome = await executor.run(replace(assignment, grace=1000.0), control)
            await anyio.wait_all_tasks_blocked()
            assert not [task.name for task in anyio.get_running_tasks() if str(task.name).endswith("_stop")]
        assert outcome.state is TrialState.PRUNED

    def test_its_environment_comes_on_top(
        self, assignment: Assignment, program: Program, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
        text = """
        import os
        print(*(os.environ[name] for name in ("CUDA_VISIBLE_DEVICES", "OMP_NUM_THREADS", "TRACKER_STORE")))
        """
        given = {"CUDA_VISIBLE_DEVICES": "1", "OMP_NUM_THREADS": "3"}
        self.run(text, replace(assignment, environment=given), program)
        assert Path(assignment.output).read_text() == f"1 3 {assignment.store}\n"

    def test_its_output_is_appended_in_order(self, assignment: Assignment, program: Program) -> None:
        text = """
        import sys
        for number in range(3):
            print(number, flush=True)
            print(-number, file=sys.stderr, flush=True)
        """
        Path(assignment.output).write_text("earlier\n")
        self.run(text, assignment, program)
        assert Path(assignment.output).read_text() == "earlier\n0\n0\n1\n-1\n2\n-2\n"

    @pytest.mark.skipif(sys.platform != "linux", reason="elsewhere no attempt has the file of another")
    def test_what_fled_from_one_is_not_heard_in_the_next(
        self, assignment: Assignment, program: Program, home: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # Nobody sees it while its parent is there, so nobody knows whose it is.
        monkeypatch.setattr(warden, "_LOOK_SECONDS", 3600.0)
        text = """
            import subprocess, sys
            if sys.argv[1] == "0":
                script = 'open("go").read(); print("late", flush=True); open("said", "w").close()'
                fled = subprocess.Popen([sys.executable, "-c", script], env={}, start_new_session=True)
                open("pid", "w").write(str(fled.pid))
            else:
                open("go", "w").close()
                open("said").read()
        """
        path = str(program(text))
        for fifo in ("go", "said"):
            os.mkfifo(home / fifo)

        async def conduct() -> None:
            async with make_executor("command", target, 1) as executor:
                for n in range(2):
                    mine = replace(assignment, number=n, params={"n": n}, output=str(home / f"{n}.txt"))
                    with anyio.fail_after(60):
                        assert await executor.run(mine, Control(lambda *_: False)) == Outcome(TrialState.COMPLETE)

        target = CommandTarget(None, path, lambda _, *, params, **__: [sys.executable, path, str(params["n"])])
        anyio.run(conduct)
        os.waitpid(int((home / "pid").read_text()), 0)
        assert not list(home.glob("*.txt"))

    def test_its_params_are_there_for_wandb(self, assignment: Assignment, program: Program, home: Path) -> None:
        text = """
        import os, shutil
        shutil.copy(os.environ["WANDB_SWEEP_PARAM_PATH"], "params.yaml")
        print(os.environ["WANDB_DIR"])
        """
        assert self.run(text, assignment, program).state is TrialState.COMPLETE
        read = yaml.safe_load((home / "params.yaml").read_text())
        assert read == {
            "wandb_version": 1,
            "lr": {"value": 1e-05, "desc": None},
            "net": {"value": {"width": 8}, "desc": None},
        }
        assert Path(assignment.output).read_text() == f"{home}\n"

    @pytest.mark.parametrize("memory", ["memory", "nowhere"])
    def test_its_params_are_on_the_disk_where_memory_takes_none(
        self, assignment: Assignment, program: Program, home: Path, monkeypatch: pytest.MonkeyPatch, memory: str
    ) -> None:
        (home / "memory").mkdir()
        monkeypatch.setattr(command, "_MEMORY", str(home / memory))
        text = "import os; print(open(os.environ['WANDB_SWEEP_PARAM_PATH']).readline())"

        def take_away() -> None:
            for folder in (home / "memory").iterdir():
                folder.rmdir()

        assert self.run(text, assignment, program, before=take_away).state is TrialState.COMPLETE
        assert Path(assignment.output).read_text() == "wandb_version: 1\n\n"

    def test_its_params_are_in_a_file_if_it_asks_for_one(self, assignment: Assignment, program: Program) -> None:
        text = "import sys; print(sys.argv[1], open(sys.argv[1]).read())"
        self.run(text, assignment, program, "${args_json_file}")
        path, _, params = Path(assignment.output).read_text().partition(" ")
        assert params == '{"lr": 1e-05, "net": {"width": 8}}\n'
        assert not Path(path).exists()

    @pytest.mark.parametrize(
        ("change", "reason"),
        [
            ({"environment": {"NAME": "a\0b"}}, "embedded null byte"),
            ({"output": "/no/such/folder/out.txt"}, "No such file or directory"),
        ],
    )
    def test_one_that_cannot_be_started_has_failed(
        self, assignment: Assignment, program: Program, change: dict[str, Any], reason: str
    ) -> None:
        outcome = self.run("", replace(assignment, **change), program)
        assert (outcome.state, outcome.cause) == (TrialState.FAILED, Cause.START)
        assert outcome.reason.startswith("cannot start ")
        assert outcome.reason.endswith(reason)

    def test_words_of_a_command_may_be_anything(self, assignment: Assignment, program: Program) -> None:
        assert self.run("", assignment, program, "a\0b").cause is Cause.START
