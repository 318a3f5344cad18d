"""A run that was given to another holder takes nothing from the earlier one."""

from __future__ import annotations

import logging
import os
import signal
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import tracker
from tracker.errors import InvalidInput

Process = Callable[..., subprocess.Popen[str]]

# It says all that can be said of a run, once before it is stopped and once after.
LOGS_TWICE = """
    import sys
    import tracker

    run = tracker.current_run()
    data = tracker.Dataset("validation", "a1b2c3d4")
    for turn in ("before", "after"):
        run.log({"loss": 1.0}, step=1)
        run.log_batch({"loss": [2.0, 3.0], turn: [1.0, 1.0]}, steps=[2, 3])
        run.log_params({turn: 1})
        run.set_tags({turn: "1"})
        run.log_artifact(__import__("pathlib").Path(sys.argv[1]), under=turn)
        model = run.log_model(turn, lambda folder: (folder / "w").write_text("w"), step=3)
        model.log({"acc": 0.5}, dataset=data)
        print(model.model_id, flush=True)
        sys.stdin.readline()
    run.end("FAILED")
    print("ended", flush=True)
    sys.stdin.readline()
"""


def refused(store: Path, run_id: str) -> int:
    with closing(sqlite3.connect(store / "tracker.db")) as connection:
        (count,) = connection.execute("SELECT refused FROM runs WHERE run_id = ?", (run_id,)).fetchone()
    return int(count)


def stopped_and_woken(
    opened: tracker.Tracker, start_python: Process, tmp_path: Path, between: Callable[[tracker.Run], None]
) -> tuple[str, list[str]]:
    """Let a process log, stop it, do something, and let it log on; return its run and the models it says it logged."""
    run = opened.start_run("trials")
    (tmp_path / "note.txt").write_text("note")
    environment = {
        "TRACKER_STORE": opened.store,
        "TRACKER_RUN_ID": run.run_id,
        "TRACKER_EXPERIMENT": "trials",
        "TRACKER_RUN_TOKEN": "1",
    }
    process = start_python(LOGS_TWICE, tmp_path / "note.txt", **environment)
    assert process.stdout
    assert process.stdin
    models = [process.stdout.readline().strip()]
    process.send_signal(signal.SIGSTOP)
    os.waitid(os.P_PID, process.pid, os.WSTOPPED)
    between(run)
    process.send_signal(signal.SIGCONT)
    process.stdin.write("\n\n")
    process.stdin.flush()
    models.append(process.stdout.readline().strip())
    assert process.stdout.readline() == "ended\n"
    assert opened.catch_up()
    return run.run_id, models


def test_who_comes_back_after_the_fence_is_not_heard(
    opened: tracker.Tracker, store: Path, start_python: Process, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "tracker"):
        run_id, models = stopped_and_woken(opened, start_python, tmp_path, lambda run: run.fence(2))
    found = opened.get_run(run_id)
    assert (found.params, found.tags.get("after"), found.status) == ({"before": 1}, None, tracker.RunStatus.RUNNING)
    assert opened.metric_history(run_id, "loss").steps.tolist() == [1, 2, 3]
    assert "after" not in found.metrics
    assert [model.model_id for model in opened.search_logged_models()] == models[:1]
    assert len(opened.metric_history(run_id, "acc")) == 1
    assert sorted(path.name for path in opened.download(run_id, tmp_path / "files").iterdir()) == ["before"]
    # log, log_batch, params, tags, files; a model made, its files, finished, and measured; the end.
    assert refused(store, run_id) == 10
    assert [text for text in caplog.messages if "refused" in text] == [
        f"what an earlier holder of run {run_id} logs is refused: the run was given to another one"
    ]


def test_the_control_that_is_not_fenced_off_is_heard(
    opened: tracker.Tracker, store: Path, start_python: Process, tmp_path: Path
) -> None:
    run_id, models = stopped_and_woken(opened, start_python, tmp_path, lambda run: run.fence(1))
    found = opened.get_run(run_id)
    assert (found.params, found.tags.get("after"), found.status) == (
        {"before": 1, "after": 1},
        "1",
        tracker.RunStatus.FAILED,
    )
    assert opened.metric_history(run_id, "loss").steps.tolist() == [1, 1, 2, 2, 3, 3]
    assert {model.model_id for model in opened.search_logged_models()} == set(models)
    assert refused(store, run_id) == 0


def test_a_checkpoint_that_is_finished_after_the_fence_is_not_ready(opened: tracker.Tracker, store: Path) -> None:
    run = opened.start_run("x")

    def save(folder: Path) -> None:
        (folder / "w").write_text("w")
        run.fence(1)

    with tracker.attach(opened.store) as attachment:
        model = attachment.run(run.run_id).log_model("net", save)
    assert opened.catch_up()
    assert opened.get_logged_model(model.model_id).status == "PENDING"
    assert refused(store, run.run_id) == 2


def test_who_opened_the_store_is_never_refused(opened: tracker.Tracker) -> None:
    run = opened.start_run("x")
    run.fence(7)
    run.log({"loss": 1.0})
    with opened.start_run("x", run_id=run.run_id) as again:
        again.log({"loss": 2.0})
    found = opened.get_run(run.run_id)
    assert (found.metrics, found.status) == ({"loss": 2.0}, tracker.RunStatus.FINISHED)


def test_only_the_run_itself_is_fenced(opened: tracker.Tracker) -> None:
    runs = [opened.start_run("x") for _ in range(2)]
    runs[0].fence(1)
    with tracker.attach(opened.store) as attachment:
        for run in runs:
            attachment.run(run.run_id).log({"loss": 1.0})
    assert opened.catch_up()
    assert [len(opened.metric_history(run.run_id, "loss")) for run in runs] == [0, 1]


def test_a_forked_child_writes_with_its_parents_token(opened: tracker.Tracker, start_python: Process) -> None:
    run = opened.start_run("x")
    process = start_python(
        """
        import os, sys, tracker
        run = tracker.current_run()
        run.log({"loss": 1.0})
        print(flush=True)
        sys.stdin.readline()
        if os.fork() == 0:
            run.log({"loss": 2.0})
            os._exit(0)
        _, status = os.wait()
        assert status == 0
        """,
        TRACKER_STORE=opened.store,
        TRACKER_RUN_ID=run.run_id,
        TRACKER_EXPERIMENT="x",
    )
    assert process.stdout
    process.stdout.readline()
    run.fence(1)
    _, told = process.communicate("\n", timeout=60)
    assert (process.returncode, told) == (0, "")
    assert opened.catch_up()
    assert opened.metric_history(run.run_id, "loss").values.tolist() == [1.0]


@pytest.mark.anyio
async def test_it_is_there_for_async_code(store: Path) -> None:
    async with tracker.connect(store) as opened:
        run = await opened.start_run("x")
        with tracker.attach(store, token=1) as attachment:
            await attachment.async_run(run.run_id).log({"loss": 1.0})
            await run.fence(2)
            await attachment.async_run(run.run_id).log({"loss": 2.0})
        assert await opened.catch_up()
        assert (await opened.metric_history(run.run_id, "loss")).values.tolist() == [1.0]


def test_it_outlives_the_process_that_raised_it(store: Path) -> None:
    with tracker.open(store) as opened:
        run = opened.start_run("x")
        run.fence(3)
        run.fence(1)
    with tracker.attach(store, token=2) as attachment:
        attachment.run(run.run_id, "x").log({"loss": 1.0})
    with tracker.open(store) as opened:
        assert opened.get_run(run.run_id).metrics == {}
    assert refused(store, run.run_id) == 1


@pytest.mark.parametrize("token", [-1, 1.5, "2", None])
def test_a_fence_is_a_whole_number(opened: tracker.Tracker, token: object) -> None:
    with pytest.raises(InvalidInput, match="whole number"):
        opened.start_run("x").fence(token)  # type: ignore[arg-type]  # on purpose


LOG, FENCE = "log", "fence"
HAPPENINGS = st.lists(
    st.one_of(
        st.tuples(st.just(LOG), st.integers(0, 1), st.integers(0, 3)),
        st.tuples(st.just(FENCE), st.integers(0, 1), st.integers(0, 4)),
    ),
    max_size=12,
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(happenings=HAPPENINGS)
def test_what_counts_is_what_was_logged_with_no_smaller_token(
    opened: tracker.Tracker, happenings: list[tuple[str, int, int]]
) -> None:
    runs, fences = [opened.start_run("x") for _ in range(2)], [0, 0]
    expected: list[list[int]] = [[], []]
    with ExitStack() as attached:
        holders = [attached.enter_context(tracker.attach(opened.store, token=token)) for token in range(4)]
        for step, (what, which, token) in enumerate(happenings):
            if what == FENCE:
                runs[which].fence(token)
                fences[which] = max(fences[which], token)
            else:
                holders[token].run(runs[which].run_id, "x").log({"loss": float(token)}, step=step)
                expected[which] += [step] if token >= fences[which] else []
    assert opened.catch_up()
    assert [opened.metric_history(run.run_id, "loss").steps.tolist() for run in runs] == expected
