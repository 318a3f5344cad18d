"""Whole programs: the one that the design shows, and those that forget to close, fork, or end badly."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

import tracker

Program = Callable[..., subprocess.CompletedProcess[str]]
Process = Callable[..., subprocess.Popen[str]]

DESIGN = """
    from pathlib import Path
    import tracker

    def save(folder):
        (folder / "weights.bin").write_bytes(bytes(range(256)))

    validation = tracker.Dataset.from_arrays("validation", x=[1, 2], y=[0, 1])
    Path("plot.png").write_bytes(b"plot")
    with tracker.open("my-store") as t:
        with t.start_run("digits", name="by hand", params={"lr": 0.1}) as run:
            run.log_params({"more": 1}); run.set_tags({"a": "b"})
            run.log_artifact("plot.png"); run.log_dataset(validation)
            for step in range(3):
                run.log({"loss": 1 / (step + 1)}, step=step)
                model = run.log_model("net", save, step=step)
                model.log({"accuracy": 0.9 + step / 100}, dataset=validation)
            with run.start_child(params={"fold": 1}) as child:
                child.log({"loss": 0.3, "acc": 0.9}, step=1)
            assert run.flush() == tracker.Level.STORED
        found = t.search_logged_models(
            experiment_names=["digits"],
            filter_string="metrics.accuracy > 0.9 AND params.lr = '0.1'",
            datasets=[{"dataset_name": "validation", "dataset_digest": validation.digest}],
            order_by=[{"field_name": "metrics.accuracy", "ascending": False}],
            max_results=5)
        assert [model.step for model in found] == [2, 1]
        best = found[0]
        assert best.uri == f"models:/{best.model_id}"
        assert best.metrics == {"accuracy": 0.92} and best.params == {"lr": 0.1, "more": 1}
        assert (best.download("best/") / "weights.bin").read_bytes() == bytes(range(256))
        assert len(t.search_runs(experiment_names=["digits"])) == 2
        assert t.get_run(run.run_id).metrics == {"loss": 1 / 3, "accuracy": 0.92}
        history = t.metric_history(run.run_id, "loss")
        assert history.steps.tolist() == [0, 1, 2] and history.values.tolist() == [1, 1 / 2, 1 / 3]
        assert len(history.timestamps) == 3
"""
ASYNC_DESIGN = """
    from pathlib import Path
    import anyio, tracker

    def save(folder):
        (folder / "weights.bin").write_bytes(bytes(range(256)))

    async def main():
        validation = tracker.Dataset.from_arrays("validation", x=[1, 2], y=[0, 1])
        Path("plot.png").write_bytes(b"plot")
        async with tracker.connect("my-store") as t:
            async with await t.start_run("digits", name="by hand", params={"lr": 0.1}) as run:
                await run.log_params({"more": 1}); await run.set_tags({"a": "b"})
                await run.log_artifact("plot.png"); await run.log_dataset(validation)
                for step in range(3):
                    await run.log({"loss": 1 / (step + 1)}, step=step)
                    model = await run.log_model("net", save, step=step)
                    await model.log({"accuracy": 0.9 + step / 100}, dataset=validation)
                async with run.start_child(params={"fold": 1}) as child:
                    child.log({"loss": 0.3, "acc": 0.9}, step=1)
                assert await run.flush() == tracker.Level.STORED
            found = await t.search_logged_models(
                experiment_names=["digits"],
                filter_string="metrics.accuracy > 0.9 AND params.lr = '0.1'",
                datasets=[{"dataset_name": "validation", "dataset_digest": validation.digest}],
                order_by=[{"field_name": "metrics.accuracy", "ascending": False}],
                max_results=5)
            assert [model.step for model in found] == [2, 1]
            best = found[0]
            assert best.metrics == {"accuracy": 0.92} and best.params == {"lr": 0.1, "more": 1}
            assert (await best.download("best/") / "weights.bin").read_bytes() == bytes(range(256))
            assert len(await t.search_runs(experiment_names=["digits"])) == 2
            assert (await t.get_run(run.run_id)).metrics == {"loss": 1 / 3, "accuracy": 0.92}
            history = await t.metric_history(run.run_id, "loss")
            assert history.steps.tolist() == [0, 1, 2]

    anyio.run(main)
"""
FORGETS = """
    import sys
    import tracker

    t = tracker.open(sys.argv[1])
    run = t.start_run("forgotten", params={"how": sys.argv[2]})
    for step in range(100):
        run.log({"loss": step}, step=step)
    if sys.argv[2] == "raises":
        raise SystemExit(3)
    if sys.argv[2] == "thread":
        import threading
        threading.Thread(target=run.log, args=({"loss": 100.0}, 100)).start()
"""
KILLED = """
    import os, signal, sys
    import tracker

    write = os.pwrite

    def killed_after(*data):
        write(*data)
        os.kill(os.getpid(), signal.SIGKILL)

    with tracker.open(sys.argv[1]) as t:
        first = t.start_run("e", name="first", params={"lr": 0.1})
        os.pwrite = killed_after
        exec(sys.argv[2])
"""
FORKS = """
    import os, sys
    import tracker

    with tracker.open(sys.argv[1]) as t, t.start_run("forks") as run:
        for step in range(50):
            run.log({"parent": step}, step=step)
        child = os.fork()
        if child == 0:
            for step in range(50):
                run.log({"child": step}, step=step)
            with run.start_child() as inner:
                inner.log({"inner": 1.0})
            assert run.flush() == tracker.Level.STORED
            try:
                t.search_runs()
            except tracker.TrackerError as closed:  # its threads stayed behind in the parent
                print(closed, flush=True)
            os._exit(0)
        for step in range(50, 100):
            run.log({"parent": step}, step=step)
        assert os.waitpid(child, 0)[1] == 0
        assert t.catch_up()
        assert t.metric_history(run.run_id, "child").steps.tolist() == list(range(50))
        assert [child.metrics for child in t.children(run.run_id)] == [{"inner": 1.0}]
        assert t.metric_history(run.run_id, "parent").steps.tolist() == list(range(100))
        print("both")
"""


@pytest.mark.parametrize("program", [DESIGN, ASYNC_DESIGN])
def test_the_program_that_the_design_shows_runs(program: str, run_python: Program) -> None:
    done = run_python(program)
    assert (done.stdout, done.stderr) == ("", "")


@pytest.mark.parametrize(("how", "code"), [("ends", 0), ("raises", 3), ("thread", 0)])
def test_a_program_that_forgets_to_close_ends_and_its_points_are_stored(
    store: Path, run_python: Program, how: str, code: int
) -> None:
    done = run_python(FORGETS, store, how, code=code)
    assert done.stderr == ""
    assert list((store / "journals").iterdir()) == []
    with tracker.open(store) as opened:
        (run,) = opened.search_runs()
        assert opened.metric_history(run.run_id, "loss").steps.tolist() == list(range(101 if how == "thread" else 100))


@pytest.mark.parametrize(
    ("killed_in", "name", "status", "tags"),
    [
        ("t.start_run('e', name='second', params={'lr': 0.1}, tags={'a': 'b'})", "second", "RUNNING", {"a": "b"}),
        ("first.end('FAILED', tags={'why': 'x'})", "first", "FAILED", {"why": "x"}),
    ],
    ids=["begins", "ends"],
)
def test_a_program_that_is_killed_after_a_calls_first_write_has_logged_all_of_it(
    store: Path, run_python: Program, killed_in: str, name: str, status: str, tags: dict[str, str]
) -> None:
    run_python(KILLED, store, killed_in, code=-signal.SIGKILL)
    with tracker.open(store) as opened:
        found = {run.name: run for run in opened.search_runs()}[name]
    assert (found.status, found.tags, found.params) == (status, tags, {"lr": 0.1})


def test_what_a_forked_child_logs_is_stored_too(store: Path, run_python: Program) -> None:
    done = run_python(FORKS, store)
    assert (done.stdout, done.stderr) == ("the tracker is closed\nboth\n", "")


def test_an_interrupted_program_is_killed_in_the_books(store: Path, start_python: Process) -> None:
    process = start_python(
        """
        import sys, signal
        import tracker

        with tracker.open(sys.argv[1]) as t, t.start_run("interrupted") as run:
            run.log({"loss": 1.0})
            print("ready", flush=True)
            signal.pause()
        """,
        store,
    )
    assert process.stdout
    assert process.stdout.readline() == "ready\n"
    process.send_signal(2)
    process.communicate(timeout=60)
    assert process.returncode in {-2, 130, 1}
    with tracker.open(store) as opened:
        (run,) = opened.search_runs()
        assert (run.status, run.metrics) == (tracker.RunStatus.KILLED, {"loss": 1.0})


def test_importing_tracker_loads_no_heavy_library(run_python: Program) -> None:
    done = run_python(
        """
        import sys
        import tracker
        print(sorted({"numpy", "aiosqlite", "optuna", "pandas", "rich", "sqlite3"} & set(sys.modules)))
        """
    )
    assert done.stdout == "[]\n"
