"""Go on with a sweep that was interrupted or killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

import anyio
import pytest

import sweeps
import tracker
from sweeps.errors import InvalidSweep, SpaceChanged, SweepNotFound, SweepRunning, TargetNotFound
from sweeps.scheduler import Event, SweepStarted
from sweeps.study.record import newest
from sweeps.trial import TrialState
from tracker import RunInfo
from tracker.errors import StoreNotFound

pytestmark = pytest.mark.usefixtures("home")

Program = Callable[..., Path]
Parameters = dict[str, dict[str, object]]
GRID: Parameters = {"n": {"values": [0, 1, 2]}}
UNIFORM: Parameters = {"x": {"min": 0.0, "max": 1.0}, "y": {"min": -1.0, "max": 1.0}}

# Trial 1 says that it is up, and its first attempt goes on until it is told to end, or is killed.
HELD = """
import os
import time

import tracker

def work(number, attempt, n, log):
    print(f"attempt {attempt} at trial {number}", flush=True)
    for step in range(3):
        log({"loss": n + 1 / (step + 1)}, step)
        if (number, attempt, step) == (1, 0, 1):
            os.write(os.open("fifo", os.O_WRONLY), b"up")
            while True:
                log({"loss": 100.0}, step)
                time.sleep(0.01)  # or the journal grows as fast as the disk takes it

def train(trial):
    work(trial.number, trial.attempt, trial.params["n"], trial.log)

if __name__ == "__main__":
    import sys
    attempt = int(os.environ["TRACKER_RUN_TOKEN"])
    work(int(os.environ["SWEEPS_TRIAL"]), attempt, int(sys.argv[1].partition("=")[2]), tracker.current_run().log)
"""
# The second checkpoint of trial 1 is the last that its first attempt keeps.
KEEPING = """
import os
import time
from pathlib import Path

import tracker

def work(number, log, log_model, resume_from):
    first = 0
    if resume_from is not None:
        first = int((resume_from.download("earlier") / "step").read_text()) + 1
        assert first == resume_from.step + 1
    for step in range(first, 4):
        log({"loss": 1.0 / (step + 1), "first": first}, step=step)
        if number == 1 and first == 0 and step == 2:
            os.write(os.open("fifo", os.O_WRONLY), b"up")
            while True:
                time.sleep(1)
        log_model("net", lambda folder: (folder / "step").write_text(str(step)), step=step)

def train(trial):
    work(trial.number, trial.log, trial.log_model, trial.resume_from)

async def train_async(trial):
    async def log_model(*words, **more):
        await trial.log_model(*words, **more)
    first = 0
    if trial.resume_from is not None:
        first = trial.resume_from.step + 1
    for step in range(first, 4):
        await trial.log({"loss": 1.0 / (step + 1), "first": first}, step=step)
        if trial.number == 1 and first == 0 and step == 2:
            os.write(os.open("fifo", os.O_WRONLY), b"up")
            while True:
                time.sleep(1)
        await trial.log_model("net", lambda folder: (folder / "step").write_text(str(step)), step=step)

if __name__ == "__main__":
    run = tracker.current_run()
    if "SWEEPS_RESUME_FROM" in os.environ:
        with tracker.open(create=False) as store:
            model = store.get_logged_model(os.environ["SWEEPS_RESUME_FROM"])
            work(int(os.environ["SWEEPS_TRIAL"]), run.log, run.log_model, model)
    else:
        work(int(os.environ["SWEEPS_TRIAL"]), run.log, run.log_model, None)
"""
# Two attempts at trial 1 end in the middle, each two steps after the last checkpoint.
AGAIN = """
import os
import time

def train(trial):
    first = 0 if trial.resume_from is None else trial.resume_from.step + 1
    for step in range(first, 6):
        trial.log({"loss": 1.0 / (step + 1), "attempt": trial.attempt}, step=step)
        if trial.number == 1 and (trial.attempt, step) in {(0, 2), (1, 4)}:
            os.write(os.open("fifo", os.O_WRONLY), b"up")
            while True:
                time.sleep(1)
        if (trial.attempt, step) in {(0, 0), (1, 2)}:
            trial.log_model("net", lambda folder: (folder / "w").write_text("w"), step=step)
"""


class Fifo(Protocol):
    def read(self) -> bytes: ...
    def wait_until_nobody_writes(self) -> None: ...


Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(program: Program, fifo: Fifo, home: Path) -> Iterator[Start]:
    """Start a sweep of three trials, one at a time, in a process of its own; return when it is held up."""
    with ExitStack() as started:

        def start_it(text: str, executor: str, function: str = "train") -> subprocess.Popen[str]:
            program(text, name="train.py")
            target = "train.py" if executor == "command" else f"train.py:{function}"
            (home / "sweep.yaml").write_text(
                f"name: mine\nprogram: {target}\nmethod: grid\nmetric: {{name: loss}}\n"
                "parameters: {n: {values: [0, 1, 2]}}\n"
            )
            process = subprocess.Popen(
                [sys.executable, "-W", "error", "-m", "sweeps.cli.main", "run", "sweep.yaml", "--store", "store"],
                env={**os.environ, "PYTHONPATH": str(Path(sweeps.__file__).parents[1])},
                stdout=subprocess.PIPE,
                text=True,
            )
            started.enter_context(process)
            started.callback(process.kill)
            assert fifo.read() == b"up"
            return process

        yield start_it


def in_order(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGINT)


def terminated(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGTERM)


def at_once(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGINT)
    assert process.stdout is not None
    assert any("nothing new is launched" in line for line in process.stdout)
    process.send_signal(signal.SIGINT)


def killed(process: subprocess.Popen[str]) -> None:
    process.kill()


End = Callable[["subprocess.Popen[str]"], None]


def trials_of(sweep_id: str) -> list[RunInfo]:
    with tracker.open("store", create=False) as store:
        return sorted(store.children(sweep_id), key=lambda run: int(run.tags["trial.number"]))


def curve_of(run: RunInfo, key: str = "loss") -> list[tuple[int, float]]:
    with tracker.open("store", create=False) as store:
        history = store.metric_history(run.run_id, key)
    columns = history.steps.tolist(), history.timestamps.tolist(), history.values.tolist()
    starts = [int(start) for start in run.tags["trial.attempts"].strip("[]").split(",")]
    return newest(sorted(zip(*columns, strict=True), key=lambda point: point[1]), starts)


def outputs_of(run: RunInfo, folder: Path) -> dict[str, str]:
    with tracker.open("store", create=False) as store:
        store.download(run.run_id, folder / run.name)
    return {path.name: path.read_text() for path in (folder / run.name).rglob("*.txt")}


def attempts(runs: list[RunInfo]) -> list[int]:
    return [run.tags["trial.attempts"].count(",") + 1 for run in runs]


class TestASweepInAProcessOfItsOwn:
    @pytest.mark.parametrize(
        ("end", "executor"),
        [
            (in_order, "processes"),
            (at_once, "processes"),
            (terminated, "processes"),
            (killed, "processes"),
            (in_order, "command"),
            (killed, "command"),
        ],
    )
    def test_goes_on_at_the_trial_that_had_not_ended(
        self, start: Start, fifo: Fifo, tmp_path: Path, end: End, executor: str
    ) -> None:
        process = start(HELD, executor)
        end(process)
        process.communicate()
        result = sweeps.resume("mine", store="store")
        fifo.wait_until_nobody_writes()
        assert (result.interrupted, result.ended) == (False, "")
        assert [trial.state for trial in result.trials] == [TrialState.COMPLETE] * 3
        assert [trial.params for trial in result.trials] == [{"n": n} for n in range(3)]
        assert [trial.value for trial in result.trials] == [n + 1 / 3 for n in range(3)]
        assert [trial.reason for trial in result.trials] == [""] * 3
        runs = trials_of(result.sweep_id)
        assert [run.name for run in runs] == [f"trial-{number}" for number in range(3)]
        assert attempts(runs) == [1, 2, 1]
        assert {run.status for run in runs} == {"FINISHED"}
        assert curve_of(runs[1]) == [(0, 2.0), (1, 1.5), (2, 1 + 1 / 3)]
        assert outputs_of(runs[1], tmp_path) == {f"1-{a}.txt": f"attempt {a} at trial 1\n" for a in (0, 1)}

    def test_runs_a_trial_that_it_ends_in_order_as_killed_until_then(self, start: Start) -> None:
        process = start(HELD, "processes")
        in_order(process)
        process.communicate()
        with tracker.open("store", create=False) as store:
            (parent,) = store.search_runs(filter_string="tags.`sweep.kind` = 'sweep'")
        states = [run.tags["trial.state"] for run in trials_of(parent.run_id)]
        assert states == ["complete", "killed"]
        assert parent.status == "KILLED"

    def test_says_of_a_trial_that_was_lost_why_it_failed_before(self, start: Start) -> None:
        killed(start(HELD, "processes"))
        result = sweeps.resume("mine", store="store")
        assert trials_of(result.sweep_id)[1].tags["trial.causes"] == '["lost"]'

    def test_is_not_resumed_while_it_runs(self, start: Start) -> None:
        process = start(HELD, "processes")
        with pytest.raises(SweepRunning, match="sweep 'mine' is running already") as caught:
            sweeps.resume("last", store="store")
        assert caught.value.pid == process.pid
        killed(process)
        process.wait()
        assert sweeps.resume("last", store="store").count(TrialState.COMPLETE) == 3

    @pytest.mark.parametrize(
        ("executor", "function"), [("processes", "train"), ("processes", "train_async"), ("command", "")]
    )
    def test_goes_on_from_the_newest_checkpoint(self, start: Start, executor: str, function: str) -> None:
        killed(start(KEEPING, executor, function))
        result = sweeps.resume("mine", store="store")
        assert [trial.value for trial in result.trials] == [0.25] * 3
        runs = trials_of(result.sweep_id)
        assert attempts(runs) == [1, 2, 1]
        assert curve_of(runs[1]) == [(step, 1.0 / (step + 1)) for step in range(4)]
        assert curve_of(runs[1], "first") == [(0, 0), (1, 0), (2, 2), (3, 2)]
        with tracker.open("store", create=False) as store:
            kept = store.search_logged_models(filter_string=f"run_id = '{runs[1].run_id}'")
        assert sorted((model.step, str(model.status)) for model in kept) == [(step, "READY") for step in range(4)]

    def test_keeps_of_each_attempt_what_none_has_superseded(self, start: Start, fifo: Fifo) -> None:
        killed(start(AGAIN, "processes"))
        program = "import sweeps; sweeps.resume('mine', store='store')"
        environment = {**os.environ, "PYTHONPATH": str(Path(sweeps.__file__).parents[1])}
        fifo.wait_until_nobody_writes()
        with subprocess.Popen([sys.executable, "-c", program], env=environment, text=True) as again, ExitStack() as end:
            end.callback(killed, again)
            with Path("fifo").open("rb") as words:  # which waits for a writer
                assert words.read(2) == b"up"
        run = trials_of(sweeps.resume("mine", store="store").sweep_id)[1]
        with tracker.open("store", create=False) as store:
            history = store.metric_history(run.run_id, "attempt")
        assert history.steps.tolist() == list(range(6))
        assert history.values.tolist() == [0, 1, 1, 2, 2, 2]

    def test_of_which_nothing_is_left_to_run_by_is_resumed_from_python(self, start: Start) -> None:
        killed(start(HELD, "processes"))
        Path("train.py").unlink()
        with pytest.raises(TargetNotFound, match=r"resume it from Python: sweeps\.resume\('mine', sweep\)"):
            sweeps.resume("mine", store="store")


def interrupting(train: Callable[[sweeps.Trial], None], *numbers: int) -> Callable[[sweeps.Trial], None]:
    """Return a function that, in the first attempt at these trials, asks for the sweep's end and waits for it."""

    def interrupted(trial: sweeps.Trial) -> None:
        if trial.number in numbers and trial.attempt == 0:
            os.kill(os.getpid(), signal.SIGINT)
            while True:
                trial.log({"loss": 100.0})
                time.sleep(0.01)  # or the journal grows as fast as the disk takes it
        train(trial)

    return interrupted


def log_sum(trial: sweeps.Trial) -> None:
    trial.log({"loss": sum(float(str(value)) ** 2 for value in trial.params.values())})


def searching(
    target: Callable[[sweeps.Trial], None],
    parameters: Mapping[str, object] | None = None,
    method: str = "grid",
    **more: object,
) -> sweeps.Sweep:
    settings: dict[str, object] = {"metric": "loss", "name": "mine", "executor": "threads", **more}
    return sweeps.Sweep(target, parameters=parameters or GRID, method=method, **settings)  # type: ignore[arg-type]


class TestAFunctionGivenAgain:
    def test_goes_on_with_the_settings_that_it_was_run_with(self) -> None:
        sweep = searching(interrupting(log_sum, 1), UNIFORM, "random")
        first = sweeps.run(sweep, store="store", trials=4, parallel=1, seed=5)
        assert first.interrupted
        result = sweeps.resume("mine", searching(log_sum, UNIFORM, "random"), store="store")
        whole = sweeps.run(searching(log_sum, UNIFORM, "random"), store="other", trials=4, seed=5)
        assert result.sweep_id == first.sweep_id
        assert [(trial.params, trial.value) for trial in result.trials] == [
            (trial.params, trial.value) for trial in whole.trials
        ]

    def test_may_go_on_with_others(self) -> None:
        sweeps.run(searching(interrupting(log_sum, 1)), store="store", trials=2, parallel=1)
        events: list[Event] = []
        result = sweeps.resume(
            "mine", searching(log_sum), store="store", trials=3, parallel=2, executor="inline", listen=events.append
        )
        (started,) = [event for event in events if isinstance(event, SweepStarted)]
        assert (started.total, started.parallel, started.done) == (3, 2, {TrialState.COMPLETE: 1})
        assert len(result.trials) == 3

    def test_is_needed_where_the_function_has_no_name(self) -> None:
        sweeps.run(searching(interrupting(log_sum, 1)), store="store")
        with pytest.raises(TargetNotFound, match=r"resume it from Python: sweeps\.resume\('mine', sweep\)"):
            sweeps.resume("mine", store="store")

    def test_is_async_as_well(self) -> None:
        sweeps.run(searching(interrupting(log_sum, 1)), store="store")

        async def main() -> sweeps.SweepResult:
            return await sweeps.resume_async("mine", searching(log_sum), store="store")

        assert anyio.run(main).count(TrialState.COMPLETE) == 3


class TestTheSampler:
    def test_of_one_trial_at_a_time_continues_as_if_nothing_had_been(self) -> None:
        sweep = searching(log_sum, UNIFORM, "bayes", run_cap=14, seed=3)
        whole = sweeps.run(sweep, store="other")
        broken = searching(interrupting(log_sum, 3, 12), UNIFORM, "bayes", run_cap=14, seed=3)
        assert len(sweeps.run(broken, store="store").trials) == 4
        assert len(sweeps.resume("mine", broken, store="store").trials) == 13
        result = sweeps.resume("mine", broken, store="store")
        assert not result.interrupted
        assert [(trial.params, trial.value) for trial in result.trials] == [
            (trial.params, trial.value) for trial in whole.trials
        ]
        assert attempts(trials_of(result.sweep_id)) == [1] * 3 + [2] + [1] * 8 + [2, 1]


class TestASweepThatHasEnded:
    def test_is_as_it_was(self) -> None:
        called = []

        def train(trial: sweeps.Trial) -> None:
            called.append(trial.number)
            log_sum(trial)

        first = sweeps.run(searching(train), store="store")
        before = trials_of(first.sweep_id)
        again = sweeps.resume("mine", searching(train), store="store")
        assert called == [0, 1, 2]
        assert (again.trials, again.best_trial) == (first.trials, first.best_trial)
        assert trials_of(first.sweep_id) == before
        with tracker.open("store", create=False) as store:
            assert store.get_run(first.sweep_id).status == "FINISHED"

    def test_by_its_target_runs_nothing_more(self) -> None:
        sweep = searching(log_sum, stop={"plateau": {"trials": 1}})
        first = sweeps.run(sweep, store="store")
        again = sweeps.resume("mine", sweep, store="store")
        assert (again.trials, again.ended) == (first.trials, "no better value in 1 trials")
        assert len(again.trials) == 2

    def test_takes_more_trials(self) -> None:
        sweep = searching(log_sum, UNIFORM, "random", seed=5)
        first = sweeps.run(sweep, store="store", trials=3)
        more = sweeps.resume("mine", sweep, store="store", trials=5)
        assert more.trials[:3] == first.trials
        whole = sweeps.run(searching(log_sum, UNIFORM, "random", seed=5), store="other", trials=5)
        assert [trial.params for trial in more.trials] == [trial.params for trial in whole.trials]
        assert sweeps.resume("mine", sweep, store="store").trials == more.trials

    @pytest.mark.parametrize("wrong", [{"trials": 0}, {"parallel": 0}])
    def test_takes_no_nonsense(self, wrong: dict[str, int]) -> None:
        sweep = searching(log_sum)
        sweeps.run(sweep, store="store", trials=1)
        with pytest.raises(InvalidSweep, match="0 is too small; at least 1"):
            sweeps.resume("mine", sweep, store="store", **wrong)  # type: ignore[arg-type]  # as a user might


class TestWhatCannotBeResumed:
    def test_is_another_space_with_each_difference(self) -> None:
        first = sweeps.run(
            searching(interrupting(log_sum, 1), {"a": {"values": [1, 2]}, "b": {"value": 1}}), store="store"
        )
        changed = searching(log_sum, {"a": {"values": [1, 3]}, "c": {"value": 1}}, "random", goal="maximize")
        with pytest.raises(SpaceChanged, match="sweep 'mine' cannot go on: method: grid became random; ") as caught:
            sweeps.resume("mine", changed, store="store")
        assert caught.value.differences == (
            "method: grid became random",
            "goal: minimize became maximize",
            "parameters.a.values: [1, 2] became [1, 3]",
            "parameters.b was removed",
            "parameters.c was added",
        )
        assert len(trials_of(first.sweep_id)) == 2

    def test_is_a_sweep_that_runs_in_this_process(self) -> None:
        caught: list[SweepRunning] = []

        def train(trial: sweeps.Trial) -> None:
            with pytest.raises(SweepRunning) as problem:
                sweeps.resume("mine", searching(log_sum), store="store")
            caught.append(problem.value)
            log_sum(trial)

        result = sweeps.run(searching(train), store="store", trials=2)
        assert [problem.pid for problem in caught] == [os.getpid()] * 2
        assert result.count(TrialState.COMPLETE) == 2

    def test_is_a_sweep_that_is_not_there(self) -> None:
        with pytest.raises(StoreNotFound):
            sweeps.resume("mine", store="store")
        assert not Path("store").exists()
        tracker.open("store").close()
        with pytest.raises(SweepNotFound, match="no sweep 'mine'; the store holds no sweep yet"):
            sweeps.resume("mine", store="store")
        sweeps.run(searching(log_sum), store="store", trials=1)
        with pytest.raises(SweepNotFound, match="no sweep 'yours'; there is mine"):
            sweeps.resume("yours", store="store")


class TestAFork:
    def test_begins_anew_having_learned(self) -> None:
        first = sweeps.run(searching(log_sum, UNIFORM, "bayes", run_cap=12, seed=3), store="store")
        wider = {**UNIFORM, "x": {"min": -1.0, "max": 1.0}}
        sweep = searching(log_sum, wider, "bayes", run_cap=2, seed=4, name="wider")
        fork = sweeps.resume("mine", sweep, store="store", fork=True)
        told = searching(log_sum, wider, "bayes", run_cap=2, seed=4, warm_start=[first.sweep_id], name="told")
        assert [trial.params for trial in fork.trials] == [
            trial.params for trial in sweeps.run(told, store="store").trials
        ]
        assert sweep.config.execution.warm_start == ()
        alone = sweeps.run(sweep, store="other")
        assert [trial.params for trial in fork.trials] != [trial.params for trial in alone.trials]
        assert fork.sweep_id != first.sweep_id
        assert [trial.number for trial in fork.trials] == [0, 1]
        with tracker.open("store", create=False) as store:
            assert store.get_run(fork.sweep_id).tags["sweep.forked_from"] == first.sweep_id
        assert len(trials_of(first.sweep_id)) == 12

    def test_can_be_resumed_itself(self) -> None:
        def forked(target: Callable[[sweeps.Trial], None]) -> sweeps.Sweep:
            return searching(target, UNIFORM, "bayes", run_cap=4, seed=4, name="fork")

        sweeps.run(searching(log_sum, UNIFORM, "bayes", run_cap=11, seed=3), store="store")
        whole = sweeps.resume("mine", forked(log_sum), store="store", fork=True)
        broken = sweeps.resume("mine", forked(interrupting(log_sum, 2)), store="store", fork=True)
        assert broken.interrupted
        result = sweeps.resume(broken.sweep_id, forked(log_sum), store="store")
        assert [trial.params for trial in result.trials] == [trial.params for trial in whole.trials]


class TestRetries:
    def test_run_out_for_a_trial_that_is_lost_too_often(self, start: Start) -> None:
        process = start(HELD, "processes")
        killed(process)
        process.wait()
        again = sweeps.Sweep(
            "train.py:train", parameters=GRID, metric="loss", method="grid", name="mine", retries={"lost": 0}
        )
        result = sweeps.resume("mine", again, store="store")
        states = [trial.state for trial in result.trials]
        assert states == [TrialState.COMPLETE, TrialState.FAILED, TrialState.COMPLETE]
        assert result.trials[1].reason == "its scheduler was gone before it ended"
        assert trials_of(result.sweep_id)[1].status == "FAILED"


# S48.
@pytest.mark.parametrize("change", [{"program": "evil.py"}, {"command": ["${interpreter}", "evil.py"]}])
def test_a_tag_that_somebody_has_changed_names_no_program(
    program: Program, home: Path, change: dict[str, object]
) -> None:
    path = program("import tracker; tracker.current_run().log({'loss': 1.0})")
    program("open('canary', 'w')", "evil.py")
    sweep = sweeps.Sweep(path, parameters=GRID, method="grid", metric="loss", run_cap=1)
    result = sweeps.run(sweep, store="store")
    with tracker.open("store") as store, store.start_run(run_id=result.sweep_id) as parent:
        said = json.loads(store.get_run(result.sweep_id).tags["sweep.config"])
        parent.set_tags({"sweep.config": json.dumps({**said, **change})})
    assert [each.state for each in sweeps.resume(store="store", trials=2).trials] == [TrialState.COMPLETE] * 2
    assert not (home / "canary").exists()
    # It is all that there is to go by where the folder is gone, as in a backup.
    (home / "store" / "sweeps" / result.sweep_id / "config.json").unlink()
    with tracker.open("store") as store:
        store.start_run(run_id=result.sweep_id, tags={"sweep.config": json.dumps({**said, **change})}).end()
    sweeps.resume(store="store", trials=3)
    assert (home / "canary").exists()
