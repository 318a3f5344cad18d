from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import anyio
import pytest

import sweeps
import tracker
from sweeps.executors.call import call, call_here
from sweeps.executors.logbook import Logbook
from sweeps.trial import Assignment, Cause, Outcome, Report, TrialState

Function = Callable[..., object]
Do = Callable[[Function], Outcome]


@dataclass
class Line:
    """The scheduler's end, as a list."""

    stopping: bool = False
    reported: list[float] = field(default_factory=list)
    steps: list[int] = field(default_factory=list)
    progressed: int = 0

    def report(self, report: Report) -> None:
        self.reported.append(report.value)
        self.steps.append(report.step)

    def progress(self) -> None:
        self.progressed += 1


@pytest.fixture
def line() -> Line:
    return Line()


@pytest.fixture
def logbook(tmp_path: Path) -> Iterator[Logbook]:
    with tracker.open(tmp_path / "store"), closing(Logbook()) as opened:
        yield opened


@pytest.fixture
def assignment(tmp_path: Path) -> Assignment:
    return Assignment(
        number=3,
        params={"lr": 0.1},
        seed=11,
        run_id="r" * 32,
        experiment="digits",
        store=str(tmp_path / "store"),
        metric="loss",
    )


@pytest.fixture(params=["call", "call_here"])
def do(request: pytest.FixtureRequest, assignment: Assignment, line: Line, logbook: Logbook) -> Do:
    def run(function: Function) -> Outcome:
        if request.param == "call":
            return call(lambda: function, assignment, line, logbook)
        return anyio.run(call_here, lambda: function, assignment, line, logbook)

    return run


def log(trial: sweeps.Trial) -> None:
    trial.log({"loss": 0.5, "accuracy": 0.9}, step=1)


async def log_async(trial: sweeps.AsyncTrial) -> None:
    await trial.log({"loss": 0.5, "accuracy": 0.9}, step=1)


async def log_in_a_group(trial: sweeps.AsyncTrial) -> None:
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(log_async, trial)
        tasks.start_soon(log_async, trial)


@pytest.mark.parametrize("function", [log, log_async])
def test_what_is_logged_is_reported(do: Do, line: Line, function: Function) -> None:
    assert do(function) == Outcome(TrialState.COMPLETE)
    assert (line.reported, line.steps, line.progressed) == ([0.5], [1], 0)


def test_what_else_is_logged_is_progress(do: Do, line: Line) -> None:
    assert do(lambda trial: trial.log({"accuracy": 0.9})) == Outcome(TrialState.COMPLETE)
    assert (line.reported, line.progressed) == ([], 1)


@pytest.mark.parametrize("function", [log, log_async, log_in_a_group])
def test_a_trial_that_was_told_to_stop_is_pruned_at_its_next_log(do: Do, line: Line, function: Function) -> None:
    line.stopping = True
    assert do(function) == Outcome(TrialState.PRUNED)
    assert line.reported[0] == 0.5


def test_an_error_beside_the_word_to_stop_is_still_an_error(do: Do, line: Line) -> None:
    async def train(trial: sweeps.AsyncTrial) -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(log_async, trial)
            raise ValueError("no such lr")

    line.stopping = True
    assert do(train).state is TrialState.FAILED


def test_a_trial_knows_what_it_is(do: Do) -> None:
    seen = []

    def train(trial: sweeps.Trial) -> None:
        seen.append((trial.number, trial.params, trial.seed, trial.run.run_id, repr(trial)))

    assert do(train).state is TrialState.COMPLETE
    assert seen == [(3, {"lr": 0.1}, 11, "r" * 32, "<Trial 3 {'lr': 0.1}>")]


def test_a_value_that_is_not_finite_is_reported_as_it_is(do: Do, line: Line) -> None:
    def train(trial: sweeps.Trial) -> None:
        trial.log({"loss": float("nan")})
        trial.log({"loss": float("inf")})

    do(train)
    assert [repr(value) for value in line.reported] == ["nan", "inf"]


def test_a_function_with_arguments_filled_in_is_called_like_any(do: Do, line: Line) -> None:
    async def train(extra: int, trial: sweeps.AsyncTrial) -> None:
        await trial.log({"loss": extra})

    assert do(partial(train, 7)).state is TrialState.COMPLETE
    assert line.reported == [7.0]


def test_an_object_that_is_called_may_be_async(do: Do, line: Line) -> None:
    class Trainer:
        async def __call__(self, trial: sweeps.AsyncTrial) -> None:
            await trial.log({"loss": 0.5})

    assert do(Trainer()).state is TrialState.COMPLETE
    assert line.reported == [0.5]


@pytest.mark.parametrize(
    ("error", "reason", "cause"),
    [
        (ValueError("bad\nvalue"), "ValueError: bad value", Cause.CRASH),
        (ValueError(), "ValueError", Cause.CRASH),
        (KeyError("lr"), "KeyError: 'lr'", Cause.CRASH),
        (MemoryError(), "MemoryError", Cause.MEMORY),
        (type("OutOfMemoryError", (RuntimeError,), {})(), "OutOfMemoryError", Cause.MEMORY),
        (SystemExit(4), "exited with code 4", Cause.CRASH),
        (SystemExit("no data"), "exited: no data", Cause.CRASH),
    ],
)
def test_the_reason_is_one_line(do: Do, error: BaseException, reason: str, cause: Cause) -> None:
    def train(_: sweeps.Trial) -> None:
        raise error

    outcome = do(train)
    assert (outcome.state, outcome.cause) == (TrialState.FAILED, cause)
    assert outcome.reason.rpartition(".")[2] == reason


def test_the_reason_of_a_syntax_error_is_one_line(do: Do) -> None:
    def train(_: sweeps.Trial) -> None:
        compile("1 +", "settings.py", "exec")

    outcome = do(train)
    assert outcome.reason.endswith("SyntaxError: invalid syntax")
    assert "\n" not in outcome.reason


@pytest.mark.parametrize("code", [None, 0, False])
def test_to_exit_without_a_code_is_to_complete(do: Do, code: int | None) -> None:
    def train(_: sweeps.Trial) -> None:
        raise SystemExit(code)

    assert do(train) == Outcome(TrialState.COMPLETE)


def test_a_function_that_cannot_be_loaded_has_failed(assignment: Assignment, line: Line, logbook: Logbook) -> None:
    def load() -> Function:
        raise ImportError("no such library")

    outcome = call(load, assignment, line, logbook)
    assert (outcome.state, outcome.reason) == (TrialState.FAILED, "ImportError: no such library")
    assert outcome.cause is Cause.START


class TestResumeFrom:
    @pytest.fixture
    def retried(self, assignment: Assignment, logbook: Logbook) -> Assignment:
        """A second attempt, after a first that has left a checkpoint."""
        run = logbook.attachment(assignment).run(assignment.run_id, "digits")
        model = run.log_model("net", lambda folder: (folder / "weights").write_text("7"), step=4)
        run.flush()
        return replace(assignment, attempt=1, resume_from=model.model_id)

    def test_is_the_checkpoint_of_an_earlier_attempt(
        self, retried: Assignment, line: Line, logbook: Logbook, tmp_path: Path
    ) -> None:
        seen: list[object] = []

        def train(trial: sweeps.Trial) -> None:
            model = trial.resume_from
            assert model is not None
            seen.extend((trial.attempt, model.step, (model.path / "weights").read_text()))
            seen.append((model.download(tmp_path / "copy") / "weights").read_text())

        assert call(lambda: train, retried, line, logbook) == Outcome(TrialState.COMPLETE)
        assert seen == [1, 4, "7", "7"]

    def test_is_there_for_async_functions(
        self, retried: Assignment, line: Line, logbook: Logbook, tmp_path: Path
    ) -> None:
        seen: list[object] = []

        async def train(trial: sweeps.AsyncTrial) -> None:
            model = trial.resume_from
            assert model is not None
            seen.extend((trial.attempt, model.step, (model.path / "weights").read_text()))
            seen.append((await model.download(tmp_path / "copy") / "weights").read_text())

        assert anyio.run(call_here, lambda: train, retried, line, logbook) == Outcome(TrialState.COMPLETE)
        assert seen == [1, 4, "7", "7"]

    def test_is_none_at_first(self, do: Do) -> None:
        seen: list[object] = []
        assert do(lambda trial: seen.append((trial.attempt, trial.resume_from))) == Outcome(TrialState.COMPLETE)
        assert seen == [(0, None)]

    def test_that_is_gone_fails_the_trial(self, assignment: Assignment, line: Line, logbook: Logbook) -> None:
        gone = replace(assignment, resume_from=f"m-{'0' * 32}")
        outcome = call(lambda: lambda trial: trial.resume_from, gone, line, logbook)
        assert (outcome.state, outcome.cause) == (TrialState.FAILED, Cause.CRASH)
        assert "ModelNotFound" in outcome.reason
