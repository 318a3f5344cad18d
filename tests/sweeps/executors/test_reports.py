"""What running attempts say, and how they hear that they are to stop."""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import anyio
import pytest

import tracker
from sweeps.executors import CommandTarget, Control, FunctionTarget, make_executor
from sweeps.executors.mailbox import Mailbox
from sweeps.trial import Assignment, Outcome, Report, TrialState

Program = Callable[..., Path]
FUNCTIONS = ["inline", "threads", "processes"]


@dataclass
class Scheduler:
    """Whoever hears of an attempt: told to stop it at a value, it says so."""

    stop_at: float | None = None
    reported: list[tuple[float, int]] = field(default_factory=list)
    progressed: int = 0

    def control(self) -> Control:
        return Control(self._report, self._progress)

    def _report(self, report: Report) -> bool:
        self.reported.append((report.value, report.step))
        return report.value == self.stop_at

    def _progress(self) -> None:
        self.progressed += 1


@pytest.fixture
def assignment(home: Path) -> Iterator[Assignment]:
    with tracker.open(home / "store"):
        yield Assignment(0, {}, 7, "r" * 32, "digits", str(home / "store"), "loss", judged=True)


def run(kind: str, target: CommandTarget | FunctionTarget, assignment: Assignment, scheduler: Scheduler) -> Outcome:
    async def conduct() -> Outcome:
        async with make_executor(kind, target, 1) as executor:
            outcome: Outcome = await executor.run(assignment, scheduler.control())
            return outcome

    return anyio.run(conduct)


@pytest.mark.parametrize("kind", FUNCTIONS)
class TestFunctions:
    @pytest.mark.parametrize("define", ["def", "async def"])
    def test_judged_ones_are_stopped_at_the_very_log(
        self, kind: str, define: str, program: Program, assignment: Assignment
    ) -> None:
        wait = "await " if define == "async def" else ""
        path = program(f"""
        {define} train(trial):
            for step in range(100):
                {wait}trial.log({{"loss": 100.0 - step}}, step=step)
        """)
        scheduler = Scheduler(stop_at=97.0)
        outcome = run(kind, FunctionTarget(place=str(path), name="train"), assignment, scheduler)
        assert outcome.state is TrialState.PRUNED
        assert scheduler.reported == [(100.0, 0), (99.0, 1), (98.0, 2), (97.0, 3)]
        assert scheduler.progressed == 4

    def test_others_are_stopped_at_a_later_log(self, kind: str, program: Program, assignment: Assignment) -> None:
        path = program("""
        def train(trial):
            step = 0
            while True:
                trial.log({"loss": float(step)}, step=step)
                step += 1
        """)
        scheduler = Scheduler(stop_at=3.0)
        target = FunctionTarget(place=str(path), name="train")
        assert run(kind, target, replace(assignment, judged=False), scheduler).state is TrialState.PRUNED
        assert scheduler.reported[:4] == [(0.0, 0), (1.0, 1), (2.0, 2), (3.0, 3)]

    def test_what_else_they_log_is_progress(self, kind: str, program: Program, assignment: Assignment) -> None:
        path = program("""
        def train(trial):
            for step in range(3):
                trial.log({"accuracy": 0.5}, step=step)
        """)
        scheduler = Scheduler()
        run(kind, FunctionTarget(place=str(path), name="train"), assignment, scheduler)
        assert scheduler.reported == []
        # A worker says so from time to time only.
        assert 1 <= scheduler.progressed <= 3

    def test_threads_of_one_may_log_at_once(self, kind: str, program: Program, assignment: Assignment) -> None:
        path = program("""
        from concurrent.futures import ThreadPoolExecutor

        def train(trial):
            with ThreadPoolExecutor(8) as pool:
                list(pool.map(lambda n: trial.log({"loss": float(n)}, step=n), range(200)))
        """)
        scheduler = Scheduler()
        judged = replace(assignment, judged=kind != "inline")
        outcome = run(kind, FunctionTarget(place=str(path), name="train"), judged, scheduler)
        assert outcome.state is TrialState.COMPLETE
        assert sorted(scheduler.reported) == [(float(n), n) for n in range(200)]


class TestCommands:
    SENDING = """
    import json, os, socket, time

    line = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    line.connect(os.environ["TRACKER_WATCH"])
    mine = {"run_id": os.environ["TRACKER_RUN_ID"], "token": int(os.environ["TRACKER_RUN_TOKEN"])}

    def log(metrics, step):
        line.send(json.dumps({**mine, "step": step, "metrics": metrics}).encode())

    """

    def send(self, program: Program, body: str, assignment: Assignment, scheduler: Scheduler) -> Outcome:
        path = program(self.SENDING + body)
        target = CommandTarget(None, str(path), lambda *_, **__: [sys.executable, str(path)])
        return run("command", target, assignment, scheduler)

    def test_say_what_they_log_to_the_last(self, program: Program, assignment: Assignment) -> None:
        scheduler = Scheduler()
        body = """
    for step in range(50):
        log({"loss": float(step), "accuracy": 0.5}, step)
    log({"accuracy": 0.5}, 50)
    """
        assert self.send(program, body, replace(assignment, attempt=3), scheduler) == Outcome(TrialState.COMPLETE)
        assert scheduler.reported == [(float(step), step) for step in range(50)]
        assert scheduler.progressed == 51

    def test_are_stopped_by_a_signal(self, program: Program, assignment: Assignment) -> None:
        scheduler = Scheduler(stop_at=3.0)
        body = """
    for step in range(5):
        log({"loss": float(step)}, step)
    time.sleep(1000)
    """
        assert self.send(program, body, assignment, scheduler).state is TrialState.PRUNED
        assert (3.0, 3) in scheduler.reported

    def test_that_ended_well_before_the_word_to_stop_are_complete(
        self, program: Program, assignment: Assignment
    ) -> None:
        # Between its log and its end there is no time to stop it.
        scheduler = Scheduler(stop_at=3.0)
        outcome = self.send(program, "log({'loss': 3.0}, 3)\n    os._exit(0)", assignment, scheduler)
        assert outcome.state in {TrialState.COMPLETE, TrialState.PRUNED}
        assert scheduler.reported == [(3.0, 3)]


class TestMailbox:
    def deliver(self, *messages: bytes, attempt: int = 1) -> Scheduler:
        scheduler = Scheduler()
        assignment = Assignment(0, {}, 7, "mine", "", "", "loss", attempt=attempt)
        with Mailbox() as mailbox, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            with mailbox.listening(assignment, scheduler.control()):
                for message in messages:
                    sender.sendto(message, mailbox.path)
                    mailbox.read()
            sender.sendto(messages[0], mailbox.path)
            mailbox.read()
        assert not Path(mailbox.path).parent.exists()
        return scheduler

    def message(self, **changes: object) -> bytes:
        whole: dict[str, Any] = {"run_id": "mine", "token": 1, "step": 4, "metrics": {"loss": 0.5}}
        return json.dumps(whole | changes).encode()

    def test_passes_on_what_a_running_attempt_says(self) -> None:
        assert self.deliver(self.message()).reported == [(0.5, 4)]

    @pytest.mark.parametrize("value", [float("nan"), float("inf"), -1e308, 3, True])
    def test_passes_on_any_number(self, value: float) -> None:
        assert repr(self.deliver(self.message(metrics={"loss": value})).reported) == repr([(float(value), 4)])

    def test_drops_what_an_earlier_attempt_says(self) -> None:
        scheduler = self.deliver(self.message(token=0), self.message(token=2), attempt=1)
        assert (scheduler.reported, scheduler.progressed) == ([], 0)

    @pytest.mark.parametrize(
        "nonsense",
        [
            b"",
            b"\xff\xfe",
            b"null",
            b"[]",
            b"{}",
            b"{" * 100_000,
            b'{"run_id": "mine"}',
            b'{"run_id": ["mine"], "token": 1, "step": 1, "metrics": {}}',
            b'{"run_id": "mine", "token": null, "step": 1, "metrics": {"loss": 1}}',
            b'{"run_id": "mine", "token": 1, "step": Infinity, "metrics": {"loss": 1}}',
            b'{"run_id": "mine", "token": 1, "step": 1, "metrics": 7}',
            b'{"run_id": "mine", "token": 1, "step": 1, "metrics": {"loss": "low"}}',
            b'{"run_id": "mine", "token": 1, "step": 1, "metrics": {"loss": [1]}}',
        ],
    )
    def test_drops_nonsense(self, nonsense: bytes) -> None:
        scheduler = self.deliver(nonsense)
        assert (scheduler.reported, scheduler.progressed) == ([], 0)

    def test_has_an_address_that_a_socket_can_have(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        deep = tmp_path / ("d" * 100)
        deep.mkdir()
        monkeypatch.setattr("tempfile.tempdir", str(deep))
        assert self.deliver(self.message()).reported == [(0.5, 4)]
