from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import anyio
import pytest

import sweeps
import tracker
from sweeps.executors.call import call, call_here
from sweeps.trial import Assignment, Outcome, TrialState

Function = Callable[..., object]
Do = Callable[[Function], Outcome]


@dataclass
class Line:
    """The scheduler's end, as a list."""

    stopping: bool = False
    reported: list[float] = field(default_factory=list)

    def report(self, value: float) -> None:
        self.reported.append(value)


@pytest.fixture
def line() -> Line:
    return Line()


@pytest.fixture
def attachment(tmp_path: Path) -> Iterator[tracker.Attachment]:
    with tracker.open(tmp_path / "store"), tracker.attach(tmp_path / "store") as attached:
        yield attached


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
def do(request: pytest.FixtureRequest, assignment: Assignment, line: Line, attachment: tracker.Attachment) -> Do:
    def run(function: Function) -> Outcome:
        if request.param == "call":
            return call(lambda: function, assignment, line, attachment)
        return anyio.run(call_here, lambda: function, assignment, line, attachment)

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
    assert line.reported == [0.5]


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
    ("error", "reason"),
    [
        (ValueError("bad\nvalue"), "ValueError: bad value"),
        (ValueError(), "ValueError"),
        (KeyError("lr"), "KeyError: 'lr'"),
        (MemoryError(), "MemoryError"),
        (SystemExit(4), "exited with code 4"),
        (SystemExit("no data"), "exited: no data"),
    ],
)
def test_the_reason_is_one_line(do: Do, error: BaseException, reason: str) -> None:
    def train(_: sweeps.Trial) -> None:
        raise error

    outcome = do(train)
    assert (outcome.state, outcome.reason) == (TrialState.FAILED, reason)


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


def test_a_function_that_cannot_be_loaded_has_failed(
    assignment: Assignment, line: Line, attachment: tracker.Attachment
) -> None:
    def load() -> Function:
        raise ImportError("no such library")

    outcome = call(load, assignment, line, attachment)
    assert (outcome.state, outcome.reason) == (TrialState.FAILED, "ImportError: no such library")
