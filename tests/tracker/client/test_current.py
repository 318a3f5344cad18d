"""The run that a script logs into: of its block, of its environment, or its own."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from pathlib import Path

import pytest

import tracker

Program = Callable[..., subprocess.CompletedProcess[str]]

LOGS = """
    import tracker

    tracker.current_run().log({"loss": 0.5}, step=1)
    assert tracker.current_run() is tracker.current_run()
    print(tracker.current_run().run_id)
"""


def test_it_is_the_innermost_blocks(opened: tracker.Tracker) -> None:
    with opened.start_run("outer") as outer:
        assert tracker.current_run() is outer
        with outer.start_child() as inner:
            assert tracker.current_run() is inner
        assert tracker.current_run() is outer
        with inner.as_current():
            assert tracker.current_run() is inner
        assert tracker.current_run() is outer


def test_it_is_the_outer_one_again_after_an_error(opened: tracker.Tracker) -> None:
    def fail(run: tracker.Run) -> None:
        with run:
            raise ZeroDivisionError

    with opened.start_run("outer") as outer:
        with pytest.raises(ZeroDivisionError):
            fail(outer.start_child())
        assert tracker.current_run() is outer


def test_as_current_leaves_the_run_running(opened: tracker.Tracker) -> None:
    run = opened.start_run("x")
    with run.as_current() as same:
        assert same is run
    assert opened.get_run(run.run_id).status == tracker.RunStatus.RUNNING


def test_each_thread_has_its_own(opened: tracker.Tracker) -> None:
    def inside(run: tracker.Run) -> tracker.Run:
        with run:
            return tracker.current_run()

    runs = [opened.start_run("threads") for _ in range(8)]
    with opened.start_run("outer") as outer, ThreadPoolExecutor(4) as pool:
        assert list(pool.map(inside, runs)) == runs
        assert pool.submit(copy_context().run, tracker.current_run).result() is outer


def test_it_is_the_one_that_the_environment_names(opened: tracker.Tracker, run_python: Program) -> None:
    run = opened.start_run("trials", params={"lr": 0.1})
    done = run_python(LOGS, TRACKER_STORE=opened.store, TRACKER_RUN_ID=run.run_id, TRACKER_EXPERIMENT="trials")
    assert (done.stdout.strip(), done.stderr) == (run.run_id, "")
    assert opened.catch_up()
    found = opened.get_run(run.run_id)
    assert found.metrics == {"loss": 0.5}
    # Whoever started the run ends it.
    assert found.status == tracker.RunStatus.RUNNING


def test_a_script_run_by_hand_gets_a_run_of_its_own(tmp_path: Path, run_python: Program) -> None:
    done = run_python(LOGS)
    with tracker.open(tmp_path / "tracker-store", create=False) as opened:
        (found,) = opened.search_runs()
        assert opened.metric_history(found.run_id, "loss").steps.tolist() == [1]
    assert (done.stdout.strip(), done.stderr) == (found.run_id, "")
    assert (found.experiment, found.metrics, found.status) == ("Default", {"loss": 0.5}, tracker.RunStatus.FINISHED)


def test_a_forked_child_gets_a_run_of_its_own(tmp_path: Path, run_python: Program) -> None:
    run_python(
        """
        import os, tracker
        if os.fork() == 0:
            tracker.current_run().log({"loss": 1.0})
        else:
            tracker.current_run().log({"loss": 2.0})
            _, status = os.wait()
            assert status == 0
        """
    )
    with tracker.open(tmp_path / "tracker-store", create=False) as opened:
        runs = opened.search_runs()
        assert sorted(run.metrics["loss"] for run in runs) == [1.0, 2.0]
        assert {run.status for run in runs} == {tracker.RunStatus.FINISHED}
