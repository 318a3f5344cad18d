from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import tracker
from sweeps.examples import EXAMPLES

Command = Callable[..., Any]
Fails = Callable[..., str]


def test_prints_how_it_went_and_the_best_checkpoints(sweeps: Command) -> None:
    done = sweeps("run", "mine.yaml")
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert lines[0].startswith("sweep mine (")
    assert lines[0].endswith("): 4 trials, 1 at a time")
    assert lines[1].startswith("trial 0 failed: ValueError: no such n | 1/4 done")
    assert [line.split(" | ")[0] for line in lines[2:5]] == [
        "trial 1 complete, error 1",
        "trial 2 complete, error 2",
        "trial 3 complete, error 3",
    ]
    assert "trial 0 failed: ValueError: no such n" in lines[5:]
    assert "best checkpoints by error (validation)" in done.out
    with tracker.open("tracker-store", create=False) as store:
        best = store.rank("error", dataset="validation", top=1)[0]
    assert f'get_logged_model("{best.model_id}")' in done.out


def test_with_json_ends_with_one_object_and_tells_the_rest_aside(sweeps: Command, home: Path) -> None:
    done = sweeps("run", "mine.yaml", "--store", "other", "--json")
    assert done.code == 0
    printed = done.json
    best = printed.pop("best")
    assert printed.pop("seconds") >= 0
    assert len(printed.pop("sweep_id")) == 32
    assert printed == {
        "name": "mine",
        "store": str(home / "other"),
        "trials": {"complete": 3, "pruned": 0, "failed": 1, "killed": 0, "total": 4},
        "interrupted": False,
        "ended": "",
    }
    assert {key: best[key] for key in ("name", "trial", "step", "metric", "value", "params")} == {
        "name": "net",
        "trial": 3,
        "step": 0,
        "metric": "error",
        "value": 3.0,
        "params": {"n": 3},
    }
    assert best["dataset"] == {"name": "validation", "digest": "a1b2c3d4"}
    assert best["uri"] == f"models:/{best['model_id']}"
    assert (Path(best["path"]) / "net").read_text() == "3"
    assert "trial 3 complete" in done.err
    assert not (home / "tracker-store").exists()


def test_quiet_shows_only_what_came_of_it(sweeps: Command) -> None:
    done = sweeps("run", "mine.yaml", "--quiet")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("trial 0 failed: ValueError: no such n\n\nbest checkpoints by error")
    done = sweeps("run", "mine.yaml", "--quiet", "--json")
    assert (done.err, done.json["trials"]["total"]) == ("", 4)


def test_why_it_ended_early_is_said(sweeps: Command, sweep_file: Path) -> None:
    sweep_file.write_text(sweep_file.read_text().replace("goal: maximize", "goal: maximize, target: 2"))
    done = sweeps("run", "mine.yaml", "--json")
    assert done.json["ended"] == "trial 2 reached the target 2"
    assert "the sweep has ended: trial 2 reached the target 2\n" in done.err
    assert done.json["trials"]["total"] == 3


def test_takes_numbers_from_the_command_line(sweeps: Command) -> None:
    done = sweeps("run", "mine.yaml", "--trials", "2", "--parallel", "2", "--seed", "5", "--json")
    assert done.json["trials"]["total"] == 2
    assert "2 trials, 2 at a time" in done.err
    with tracker.open("tracker-store", create=False) as store:
        assert store.get_run(done.json["sweep_id"]).tags["sweep.seed"] == "5"


def test_without_a_metric_lists_the_trials(sweeps: Command, sweep_file: Path) -> None:
    sweep_file.write_text(
        sweep_file.read_text().replace("metric: {name: error, goal: maximize}", "").replace(", dataset: validation", "")
    )
    done = sweeps("run", "mine.yaml")
    assert done.code == 0
    assert "no checkpoint is ranked" in done.out or "trials" in done.out
    assert sweeps("run", "mine.yaml", "--json").json["best"] is None


def test_without_checkpoints_lists_the_best_trials(sweeps: Command, sweep_file: Path, home: Path) -> None:
    (home / "train.py").write_text("def train(trial):\n    trial.log({'error': trial.params['n']})\n")
    sweep_file.write_text(sweep_file.read_text().replace(", dataset: validation", ""))
    done = sweeps("run", "mine.yaml")
    assert done.code == 0
    assert "best trials by error" in done.out
    assert "no checkpoint is ranked" in done.out
    assert sweeps("run", str(sweep_file), "--json").json["best"] is None


def test_all_trials_failed_is_a_mistake_with_the_reason(sweeps: Command, home: Path) -> None:
    (home / "train.py").write_text("def train(trial):\n    raise ValueError('no\\nsuch file')\n")
    done = sweeps("run", "mine.yaml", "--json")
    assert (done.code, done.out) == (2, "")
    assert done.err.splitlines()[-1] == "sweeps: all 4 trials failed; the last one: ValueError: no such file"
    assert (home / "tracker-store").exists()


def test_several_datasets_and_none_named_are_listed(sweeps: Command, sweep_file: Path) -> None:
    sweep_file.write_text(sweep_file.read_text().replace(", dataset: validation", ""))
    done = sweeps("run", "mine.yaml", "--json")
    assert (done.code, done.json["best"]) == (0, None)
    last = done.err.splitlines()[-1]
    assert "test@e5f6a7b8" in last
    assert "validation@a1b2c3d4" in last


class TestMistakes:
    @pytest.mark.parametrize(
        ("words", "line"),
        [
            (["nothing"], "no sweep file and no example 'nothing'; the examples are digits"),
            (["nothing.yaml"], "nothing.yaml: no such file"),
            (["."], "is a folder; name the sweep file inside it"),
            (["train.py"], "ends in .py; a sweep file ends in .yaml, .yml, .json, .toml"),
            (["mine.yaml", "--trials", "0"], "trials: 0 is too small; at least 1"),
            (["mine.yaml", "--parallel", "-3"], "parallel: -3 is too small; at least 1"),
            (["mine.yaml", "--seed", "x"], "argument --seed: invalid int value: 'x'"),
            (["mine.yaml", "--store", "train.py"], "is not a tracker store: it is not a folder"),
            (["mine.yaml", "--write", "copy"], "the examples are digits"),
            (["mine.yaml", "more"], "unrecognized arguments: more"),
            (["mine.yaml", "--quiet", "--plain"], "argument --plain: not allowed with argument --quiet"),
            ([], "the following arguments are required: FILE|EXAMPLE"),
        ],
    )
    def test_are_one_line_and_make_nothing(self, fails: Fails, words: list[str], line: str) -> None:
        assert line in fails("run", *words)

    @pytest.mark.parametrize(
        ("there", "instead", "line"),
        [
            ("train.py:train", "train.py:missing", "has no function 'missing'; there is train"),
            ("train.py:train", "missing.py", "no program 'missing.py' in "),
            ("executor: inline", "executor: command", "execution.executor: 'command' cannot run a function"),
            ("executor: inline", "keep: {top: 5}", "execution.keep: is not supported yet"),
            ("program: train.py:train", 'command: [python, "${program}"]', "the command asks for ${program}"),
        ],
    )
    def test_in_the_file_are_one_line_and_make_nothing(
        self, fails: Fails, sweep_file: Path, there: str, instead: str, line: str
    ) -> None:
        sweep_file.write_text(sweep_file.read_text().replace(there, instead))
        assert line in fails("run", "mine.yaml")


class TestWrite:
    def test_copies_an_example_that_runs_from_its_copy(self, sweeps: Command, home: Path) -> None:
        done = sweeps("run", "digits", "--write", "copy/here")
        assert done.code == 0
        assert done.out.splitlines() == ["copy/here/digits.py", "copy/here/digits.yaml"]
        source = EXAMPLES["digits"].file
        assert (home / "copy" / "here" / "digits.yaml").read_bytes() == source.read_bytes()
        assert not (home / "tracker-store").exists()

    def test_overwrites_nothing(self, sweeps: Command, fails: Fails, home: Path) -> None:
        sweeps("run", "digits", "--write", "copy")
        (home / "copy" / "digits.yaml").write_text("mine now")
        (home / "copy" / "digits.py").unlink()
        assert "copy/digits.yaml exists already; name another folder" in fails("run", "digits", "--write", "copy")
        assert (home / "copy" / "digits.yaml").read_text() == "mine now"

    def test_into_a_file_is_a_mistake(self, fails: Fails) -> None:
        assert "train.py" in fails("run", "digits", "--write", "train.py")
        assert "train.py" in fails("run", "digits", "--write", "train.py/inner")

    def test_of_something_else_than_an_example_is_a_mistake(self, fails: Fails) -> None:
        assert "the examples are digits" in fails("run", "nothing", "--write", "copy")


class TestReaders:
    """Whoever reads the output may have seen enough."""

    @pytest.mark.parametrize("words", [["run", "mine.yaml"], ["examples"], ["run", "digits", "--write", "copy"]])
    def test_that_leave_are_no_error(self, home: Path, words: list[str]) -> None:
        reader, writer = os.pipe()
        os.close(reader)
        root = str(Path(tracker.__file__).parents[1])
        done = subprocess.run(
            [sys.executable, "-m", "sweeps.cli.main", *words],
            env={**os.environ, "PYTHONPATH": root},
            stdout=writer,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
        os.close(writer)
        assert (done.returncode, done.stderr) == (0, "")
        if words[-1] == "mine.yaml":
            with tracker.open(home / "tracker-store", create=False) as store:
                assert {str(run.status) for run in store.search_runs()} <= {"KILLED", "FINISHED", "FAILED"}
