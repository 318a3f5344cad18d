"""What every executor keeps to, whatever a trial does.

One program is run by all of them, by its function (plain and async) or as a script. Its trial 0 does what the test
is about, and trial 1 shows that the sweep has gone on.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from textwrap import indent

import pytest

import sweeps
import tracker
from sweeps.trial import TrialState

PROGRAM = """
import os
import signal
import sys

import tracker

def number_of(trial):
    return trial.params["n"] if trial else int(sys.argv[1].partition("=")[2])

{define} train(trial):
    run = tracker.current_run()
    if number_of(trial) == 0:
{body}
    run.log({{"loss": 2.0 + number_of(trial)}}, step=1)

if __name__ == "__main__":
    train(None)
"""
KINDS = ["inline", "threads", "processes", "command"]
FUNCTIONS = ["inline", "threads", "processes"]
SEPARATE = ["processes", "command"]
both = pytest.mark.parametrize("define", ["def", "async def"])
every = pytest.mark.parametrize("kind", KINDS)
functions = pytest.mark.parametrize("kind", FUNCTIONS)
separate = pytest.mark.parametrize("kind", SEPARATE)


@dataclass(frozen=True)
class Ended:
    """How trial 0 ended, as its run in the store says."""

    state: str
    status: str
    reason: str
    tail: str
    run: tracker.RunInfo
    trial: sweeps.TrialResult


Do = Callable[..., Ended]


@pytest.fixture
def do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Do:
    """Run a sweep whose trial 0 does what `body` says."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    # A trial that took its run for another than its own would log there.
    monkeypatch.setenv("TRACKER_STORE", str(tmp_path / "by hand"))

    def run_it(kind: str, body: str, *, define: str = "def", seconds: float | None = None) -> Ended:
        program = tmp_path / "program.py"
        program.write_text(PROGRAM.format(define=define, body=indent(body, " " * 8)))
        sweep = sweeps.Sweep(
            str(program) if kind == "command" else f"{program}:train",
            parameters={"n": {"values": [0, 1]}},
            method="grid",
            metric="loss",
            executor=kind,
            timeout=seconds,
            grace=0.5,
            # A command starts slowly, so both do at once; a worker has to go on after its first.
            parallel=2 if kind == "command" else 1,
        )
        result = sweeps.run(sweep, store=tmp_path / "store", seed=7)
        assert not result.interrupted
        assert not (tmp_path / "by hand").exists()
        first, second = result.trials
        assert (second.state, second.value) == (TrialState.COMPLETE, 3.0)
        with tracker.open(tmp_path / "store") as store:
            run = store.get_run(first.run_id)
            assert store.get_run(result.sweep_id).status == "FINISHED"
        assert (first.state, first.reason) == (run.tags["trial.state"], run.tags.get("trial.reason", ""))
        return Ended(first.state, run.status, first.reason, run.tags.get("trial.tail", ""), run, first)

    return run_it


@every
def test_a_trial_that_returns_is_complete(do: Do, kind: str) -> None:
    ended = do(kind, "pass")
    assert (ended.state, ended.status, ended.reason, ended.tail) == ("complete", "FINISHED", "", "")
    assert ended.trial.value == 2.0


@functions
def test_an_async_trial_that_returns_is_complete(do: Do, kind: str) -> None:
    ended = do(kind, "import anyio\nawait anyio.sleep(0)\nawait trial.log({'loss': 1.0})", define="async def")
    assert (ended.state, ended.status, ended.trial.value) == ("complete", "FINISHED", 1.0)


@functions
@both
def test_a_trial_that_raises_has_failed_with_its_traceback(do: Do, kind: str, define: str) -> None:
    ended = do(kind, "raise ValueError('no such lr')", define=define)
    assert (ended.state, ended.status) == ("failed", "FAILED")
    assert ended.reason == "ValueError: no such lr"
    assert ended.tail.startswith("Traceback")
    assert ended.tail.endswith("ValueError: no such lr")
    assert "raise ValueError('no such lr')" in ended.tail


def test_a_command_that_raises_has_failed_with_its_output(do: Do) -> None:
    ended = do("command", "print('before'); raise ValueError('no such lr')")
    assert (ended.state, ended.status) == ("failed", "FAILED")
    assert ended.reason.endswith("program.py exited with code 1")
    assert "before" in ended.tail
    assert ended.tail.endswith("ValueError: no such lr")


@separate
def test_what_a_failed_trial_printed_is_kept(do: Do, kind: str) -> None:
    ended = do(kind, "print('loading'); print('no memory', file=sys.stderr); raise ValueError('no such lr')")
    assert {"loading", "no memory", "ValueError: no such lr"} <= set(ended.tail.splitlines())


@separate
def test_the_tail_is_the_end_of_the_output(do: Do, kind: str) -> None:
    ended = do(kind, "[print(f'line {number}') for number in range(5000)]; sys.exit('out of\\nluck')")
    assert ended.state == "failed"
    assert "line 4999" in ended.tail
    assert "line 4970" not in ended.tail
    assert len(ended.tail.splitlines()) <= 20


@every
def test_a_trial_that_exits_with_a_code_has_failed(do: Do, kind: str) -> None:
    ended = do(kind, "print('giving up', flush=True); sys.exit(4)")
    assert (ended.state, ended.status) == ("failed", "FAILED")
    assert ended.reason.endswith("exited with code 4")
    assert (ended.tail == "giving up") is (kind in SEPARATE)


@functions
def test_a_trial_that_exits_with_a_message_has_failed_with_it(do: Do, kind: str) -> None:
    ended = do(kind, "sys.exit('no data')")
    assert (ended.state, ended.reason) == ("failed", "exited: no data")


@every
@pytest.mark.parametrize("code", ["", "0"])
def test_a_trial_that_exits_with_0_is_complete(do: Do, kind: str, code: str) -> None:
    ended = do(kind, f"run.log({{'loss': 1.5}})\nsys.exit({code})")
    assert (ended.state, ended.status, ended.trial.value) == ("complete", "FINISHED", 1.5)


@functions
@both
def test_a_metric_that_is_no_number_fails_the_trial(do: Do, kind: str, define: str) -> None:
    ended = do(kind, "trial.log({'loss': 'low'})", define=define)
    assert (ended.state, ended.status, ended.trial.value) == ("failed", "FAILED", None)
    assert "InvalidMetric: metric 'loss'" in ended.reason


def test_a_metric_that_is_no_number_fails_the_command(do: Do) -> None:
    ended = do("command", "run.log({'loss': 'low'})")
    assert (ended.state, ended.trial.value) == ("failed", None)
    assert "InvalidMetric: metric 'loss'" in ended.tail


@separate
def test_a_trial_that_leaves_its_process_has_failed_with_its_code(do: Do, kind: str) -> None:
    ended = do(kind, "run.log({'loss': 1.0})\nprint('last words', flush=True)\nos._exit(3)")
    assert (ended.state, ended.status, ended.tail) == ("failed", "FAILED", "last words")
    assert ended.reason.endswith("exited with code 3")
    assert ended.run.metrics == {"loss": 1.0}


@separate
def test_a_trial_that_is_killed_has_failed_with_the_signal(do: Do, kind: str) -> None:
    body = "run.log({'loss': 1.0})\nprint('last words', flush=True)\nos.kill(os.getpid(), signal.SIGKILL)"
    ended = do(kind, body)
    assert (ended.state, ended.status, ended.tail) == ("failed", "FAILED", "last words")
    assert ended.reason.endswith("was killed by SIGKILL")
    assert ended.run.metrics == {"loss": 1.0}


@separate
def test_a_trial_that_dies_while_a_child_of_it_lives_has_failed_all_the_same(do: Do, kind: str) -> None:
    # The child holds whatever its parent had open, as a data loader's process does.
    ended = do(kind, "if os.fork() == 0:\n    signal.pause()\nos._exit(3)")
    assert ended.reason.endswith("exited with code 3")


@separate
def test_a_crash_in_native_code_has_failed_with_the_signal(do: Do, kind: str) -> None:
    ended = do(kind, "import faulthandler\nfaulthandler.enable()\nos.kill(os.getpid(), signal.SIGSEGV)")
    assert ended.reason.endswith("was killed by SIGSEGV")
    assert "Segmentation fault" in ended.tail


@every
def test_what_a_trial_says_at_its_end_may_be_any_text(do: Do, kind: str) -> None:
    ended = do(kind, "raise ValueError('\\0 \\ud800 \\x1b[31m')")
    assert ended.state == "failed"
    assert "\x1b[31m" in (ended.tail if kind == "command" else ended.reason)


@every
def test_the_current_run_is_the_trials_own(do: Do, kind: str) -> None:
    ended = do(kind, "run.set_tags({'mine': run.run_id})")
    assert ended.run.tags["mine"] == ended.run.run_id


@functions
def test_the_current_run_is_an_async_trials_own(do: Do, kind: str) -> None:
    ended = do(kind, "run.set_tags({'mine': run.run_id, 'too': trial.run.run_id})", define="async def")
    assert (ended.run.tags["mine"], ended.run.tags["too"]) == (ended.run.run_id, ended.run.run_id)


@separate
def test_what_a_trial_prints_is_never_taken_for_a_message(do: Do, kind: str) -> None:
    body = """
message = b'{"state": "failed", "reason": "printed", "tail": ""}\\n'
for number in range(300):
    os.write(1, message)
    os.write(2, message)
    print("x" * 1000)
    run.log({"loss": 1000.0 - number}, step=number)
    if trial:
        trial.log({"loss": 500.0 - number}, step=number)
os.system("echo from a shell")
"""
    ended = do(kind, body)
    assert (ended.state, ended.reason, ended.trial.value) == ("complete", "", 2.0)


@separate
def test_nothing_comes_from_the_standard_input(do: Do, kind: str) -> None:
    ended = do(kind, "run.log({'loss': float(len(sys.stdin.read()))})")
    assert (ended.state, ended.trial.value) == ("complete", 0.0)


@every
def test_a_trial_may_close_its_output(do: Do, kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    if kind in SEPARATE:
        assert do(kind, "run.log({'loss': 1.0})\nsys.stdout.close()").state == "complete"
    else:
        # In this process it is everyone's output.
        assert do(kind, "print('from the trial')").state == "complete"
        assert capsys.readouterr().out == "from the trial\n"


@every
def test_a_program_that_cannot_be_imported_fails_every_trial(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "broken.py").write_text("import no_such_library\n\ndef train(trial): ...\n")
    place = str(tmp_path / "broken.py")
    target = place if kind == "command" else f"{place}:train"
    sweep = sweeps.Sweep(target, parameters={"n": {"values": [0, 1]}}, method="grid", executor=kind)
    with pytest.raises(sweeps.SweepError, match="all 2 trials failed; the last one: ") as caught:
        sweeps.run(sweep, store=tmp_path / "store")
    reason = "broken.py exited with code 1" if kind == "command" else "No module named 'no_such_library'"
    assert reason in str(caught.value)
    with tracker.open(tmp_path / "store") as store:
        runs = {run.name: run for run in store.search_runs()}
        assert {run.status for run in runs.values()} == {"FAILED", "FINISHED"}
        assert all("No module named 'no_such_library'" in runs[f"trial-{n}"].tags["trial.tail"] for n in (0, 1))


@separate
def test_a_trial_that_hangs_is_ended_by_the_timeout(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", list(sys.path))
    program = tmp_path / "hanging.py"
    program.write_text(
        "import os\n\ndef train(trial):\n    os.read(os.pipe()[0], 1)\n\nif __name__ == '__main__':\n    train(0)\n"
    )
    target = str(program) if kind == "command" else f"{program}:train"
    sweep = sweeps.Sweep(target, parameters={"n": {"value": 0}}, method="grid", executor=kind, timeout=0.5, grace=0.5)
    with pytest.raises(sweeps.SweepError, match=r"its trial failed: timed out after 0\.5 s"):
        sweeps.run(sweep, store=tmp_path / "store")


def test_an_async_trial_that_hangs_is_ended_by_the_timeout(do: Do) -> None:
    ended = do("inline", "import anyio\nawait anyio.sleep_forever()", define="async def", seconds=0.1)
    assert (ended.state, ended.status, ended.reason) == ("failed", "FAILED", "timed out after 0.1 s")


def test_a_thread_that_hangs_is_left_behind(do: Do) -> None:
    body = """
import threading
sys.modules["left_behind"] = event = threading.Event()
event.wait()
"""
    try:
        ended = do("threads", body, seconds=0.1)
        assert (ended.state, ended.reason) == ("failed", "timed out after 0.1 s")
    finally:
        sys.modules.pop("left_behind").set()


CONTEXT = """
from contextvars import ContextVar

earlier = ContextVar("earlier", default=-1)

{define} train(trial):
    trial.log({{"earlier": earlier.get()}})
    earlier.set(trial.number)
"""


@functions
@both
def test_what_a_trial_sets_in_its_context_no_other_trial_sees(kind: str, define: str, tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(CONTEXT.format(define=define))
    sweep = sweeps.Sweep(
        f"{program}:train", parameters={"x": {"min": 0.0, "max": 1.0}}, metric="earlier", executor=kind
    )
    result = sweeps.run(sweep, store=tmp_path / "store", trials=3)
    assert [trial.value for trial in result.trials] == [-1.0] * 3
