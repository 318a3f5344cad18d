"""The built-in example, from the command line to a prediction in another process."""

from __future__ import annotations

import json
import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import tracker

Run = Callable[..., subprocess.CompletedProcess[str]]
EPOCHS = 20
CHECKPOINTS = 4


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("digits")


@pytest.fixture(scope="module")
def table(folder: Path) -> str:
    """What `sweeps run digits` prints; its store is in the folder."""
    command = [sys.executable, "-m", "sweeps.cli.main", "run", "digits", "--store", str(folder / "store")]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout


@pytest.fixture
def best(table: str, run: Run, folder: Path) -> dict[str, object]:
    """What `sweeps best last --json` puts first."""
    assert table
    found = json.loads(run("sweeps", "best", "last", "--json", "--store", str(folder / "store")).stdout)
    assert len(found["top"]) == 5
    assert found["top"][0] == found["best"]
    return dict(found["best"])


def test_it_ends_with_the_five_best_and_the_lines_that_load_the_best(table: str, best: dict[str, object]) -> None:
    rows = [line.split() for line in table.splitlines() if line.startswith("m-")]
    assert len(rows) == 5
    assert rows[0][0] == best["model_id"]
    values = [(float(row[3]), float(row[4])) for row in rows]
    assert values == sorted(values, key=lambda pair: -pair[0])
    assert min(values[0]) >= 0.95, "validation and test accuracy of the best"
    assert f'get_logged_model("{best["model_id"]}").download("best")' in table


def test_progress_is_plain_lines_where_there_is_no_terminal(table: str) -> None:
    assert len(re.findall(r"^trial \d+ complete, accuracy \S+ \| \d+/24 done", table, re.MULTILINE)) == 24
    assert "\x1b" not in table


def test_the_store_holds_every_step_of_every_trial_and_every_checkpoint_on_both_datasets(
    table: str,
    folder: Path,
) -> None:
    assert table
    with tracker.open(folder / "store", create=False) as store:
        parents = store.search_runs(filter_string="parent_run_id IS NULL")
        assert [parent.status for parent in parents] == ["FINISHED"]
        children = store.children(parents[0].run_id)
        assert len(children) == 24
        for child in children:
            for key in ("loss", "accuracy"):
                assert store.metric_history(child.run_id, key).steps.tolist() == list(range(1, EPOCHS + 1))
        models = store.search_logged_models(max_results=1000)
        assert len(models) == 24 * CHECKPOINTS
        for model in models:
            assert {entry.dataset.name for entry in model.measurements if entry.dataset} == {"validation", "test"}
        assert [ref.name for ref in store.datasets()] == ["test", "validation"]
    with sqlite3.connect(folder / "store" / "tracker.db") as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    connection.close()


def test_the_downloaded_best_predicts_the_same_in_another_process(
    best: dict[str, object],
    run: Run,
    folder: Path,
    tmp_path: Path,
) -> None:
    with tracker.open(folder / "store", create=False) as store:
        model = store.get_logged_model(str(best["model_id"]))
        expected = model.metric("accuracy", "test")
        model.download(tmp_path / "best")
    stored = Path(str(best["path"]))
    assert {path.name: path.read_bytes() for path in stored.iterdir()} == {
        path.name: path.read_bytes() for path in (tmp_path / "best").iterdir()
    }
    run("sweeps", "run", "digits", "--write", "copy")
    assert run("python", "copy/digits.py", "--evaluate", "best").stdout == f"test accuracy {expected:.4f}\n"


@pytest.mark.campaign
def test_one_seed_gives_one_result_by_file_from_python_and_as_a_command(run: Run, tmp_path: Path) -> None:
    run("sweeps", "run", "digits", "--write", ".")
    sweep_file = (tmp_path / "digits.yaml").read_text("utf-8")
    (tmp_path / "command.yaml").write_text(sweep_file.replace("digits.py:train", "digits.py"), "utf-8")
    settings = ("--trials", "2", "--parallel", "1", "--seed", "5")
    (tmp_path / "sync.py").write_text(FROM_PYTHON.format("sweeps.run(sweep, **settings)"), "utf-8")
    (tmp_path / "async.py").write_text(FROM_PYTHON.format("anyio.run(run_async)"), "utf-8")
    for name in ("digits", "command"):
        run("sweeps", "run", f"{name}.yaml", "--store", name, *settings)
    for name in ("sync", "async"):
        run("python", f"{name}.py", name)
    results = [result_in(tmp_path / name) for name in ("digits", "command", "sync", "async")]
    assert len(results[0]) == 2
    assert results[1:] == [results[0]] * 3


FROM_PYTHON = """
import functools, sys, anyio, sweeps
sweep = sweeps.Sweep.from_file("digits.yaml")
settings = dict(trials=2, parallel=1, seed=5, store=sys.argv[1])
run_async = functools.partial(sweeps.run_async, sweep, **settings)
{}
"""


def result_in(path: Path) -> list[object]:
    """Params, curves and checkpoints of each trial, in order."""
    with tracker.open(path, create=False) as store:
        parent = store.search_runs(filter_string="parent_run_id IS NULL")[0]
        best = store.rank("accuracy", dataset="validation", parent_run_id=parent.run_id, top=100)
        return [
            (
                child.params,
                [store.metric_history(child.run_id, key).values.tolist() for key in ("loss", "accuracy")],
                [(place, model.step) for place, model in enumerate(best) if model.run_id == child.run_id],
            )
            for child in store.children(parent.run_id)
        ]
