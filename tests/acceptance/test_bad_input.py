"""What users get wrong: one clear line, exit code 2, nothing half-made."""

from __future__ import annotations

import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

import tracker

Run = Callable[..., subprocess.CompletedProcess[str]]
TRAIN = """
def train(trial):
    trial.log({"loss": trial.params["x"]}, step=1)
    trial.log_model("net", lambda folder: (folder / "net").write_text("")).log({"loss": 1.0})
"""
SWEEP = """
program: train.py:train
method: random
metric: {name: loss}
parameters: {x: {min: 0.0, max: 1.0}}
run_cap: 2
execution: {executor: inline}
"""
# What is replaced in the sweep file by what, and the line that says so.
BAD_FILES = [
    ("parameters:", "parametres:", "s.yaml:5: unknown key 'parametres'; did you mean 'parameters'?"),
    ("min: 0.0", "min: 1.0", "s.yaml:5: parameters.x.min: min 1.0 must be below max 1.0"),
    (
        "max: 1.0}",
        "max: 1.0, distribution: log_uniform_values}",
        "s.yaml:5: parameters.x.min: must be above 0 for log_uniform_values",
    ),
    ("{x: {min: 0.0, max: 1.0}}", "{}", "s.yaml:5: parameters: names no parameter"),
    ("method: random", "method: grid", "s.yaml:5: parameters.x: grid search needs a finite list"),
    ("train.py:train", "absent.py:train", "no program 'absent.py' in "),
    ("train.py:train", "train.py:absent", "train.py has no function 'absent'; there is train"),
    ("train.py:train", "absent:train", "no module 'absent' from here"),
    ("program: train.py:train", "", "the sweep names no program"),
    ("{x: {min", "{x: [{min", "s.yaml:5: not valid YAML: "),
    ("executor: inline", "sampler: tpa", "execution.sampler: unknown sampler 'tpa'"),
    ("executor: inline", "executor: command", "execution.executor: 'command' cannot run a function"),
    ("executor: inline", "keep: {top: 5}", "execution.keep: is not supported yet"),
]


@pytest.fixture
def sweep_file(tmp_path: Path) -> Path:
    (tmp_path / "train.py").write_text(TRAIN, "utf-8")
    (tmp_path / "s.yaml").write_text(SWEEP, "utf-8")
    return tmp_path / "s.yaml"


def line_of(done: subprocess.CompletedProcess[str]) -> str:
    """Check that standard error is one line of ours; return it."""
    assert "Traceback" not in done.stderr + done.stdout
    assert len(done.stderr.splitlines()) == 1, done.stderr
    return done.stderr


@pytest.mark.parametrize(("right", "wrong", "line"), BAD_FILES)
def test_a_bad_sweep_file_is_refused_before_anything_is_made(
    sweep_file: Path,
    call: Run,
    right: str,
    wrong: str,
    line: str,
) -> None:
    text = sweep_file.read_text("utf-8")
    assert right in text
    if "sampler" in wrong:
        text = text.replace("method: random", "method: bayes")
    sweep_file.write_text(text.replace(right, wrong), "utf-8")
    assert line in line_of(call("sweeps", "run", "s.yaml", code=2))
    assert not (sweep_file.parent / "tracker-store").exists()


def test_programs_say_so_as_calls_do(sweep_file: Path, run: Run) -> None:
    """The other tests call the command lines in their own process."""
    sweep_file.write_text(SWEEP.replace("min: 0.0", "min: 1.0"), "utf-8")
    assert BAD_FILES[1][2] in line_of(run("sweeps", "run", "s.yaml", code=2))
    words, line = ("tracker", "runs", "--store", "absent"), "tracker: no store at "
    assert (words, line) in BAD_COMMANDS
    assert line in line_of(run(*words, code=2))
    assert [path.name for path in sorted(sweep_file.parent.iterdir())] == ["s.yaml", "train.py"]


def test_a_number_that_yaml_takes_for_text_is_the_number_it_is(sweep_file: Path, call: Run) -> None:
    sweep_file.write_text(SWEEP.replace("0.0, max: 1.0", "1e-5, max: 2e-5"), "utf-8")
    call("sweeps", "run", "s.yaml")
    with tracker.open(sweep_file.parent / "tracker-store", create=False) as store:
        params = [child.params["x"] for child in store.search_runs(filter_string="parent_run_id IS NOT NULL")]
    assert len(params) == 2
    assert all(isinstance(x, float) and 1e-5 <= x <= 2e-5 for x in params)


def test_a_metric_that_no_trial_logs_ends_the_sweep_with_the_names_that_were_logged(
    sweep_file: Path,
    call: Run,
) -> None:
    sweep_file.write_text(SWEEP.replace("name: loss", "name: accuracy").replace("cap: 2", "cap: 50"), "utf-8")
    done = call("sweeps", "run", "s.yaml", code=2)
    assert line_of(done) == "sweeps: no trial logged the metric 'accuracy'; logged were loss\n"
    assert done.stdout.count("complete") < 10, "it does not go on to the end"


BAD_COMMANDS = [
    (("sweeps", "best", "absent"), "sweeps: no sweep 'absent'; there is s"),
    (("sweeps", "status", "absent"), "sweeps: no sweep 'absent'; there is s"),
    (("sweeps", "best", "last", "--dataset", "validation"), "sweeps: no dataset 'validation'; nothing was measured on"),
    (("sweeps", "best", "last", "--metric", "accuracy"), "sweeps: no trial logged the metric 'accuracy'; logged were"),
    (("sweeps", "best", "last", "--top", "0"), "sweeps: --top 0: at least 1"),
    (("sweeps", "run", "s.yaml", "--parallel", "0"), "sweeps: parallel: 0 is too small"),
    (("sweeps", "run", "s.yaml", "--parallel", "two"), "sweeps run: argument --parallel: invalid int value: 'two'"),
    (("sweeps", "run", "digitz"), "sweeps: no sweep file and no example 'digitz'; the examples are digits"),
    (("sweeps", "run", "absent.yaml"), "sweeps: absent.yaml: no such file"),
    (("sweeps", "bset"), "sweeps: argument COMMAND: invalid choice: 'bset'"),
    (("tracker", "runs", "absent"), "tracker: no experiment 'absent'; there is Default, s"),
    (("tracker", "models", "--dataset", "validation"), "tracker: no dataset 'validation'"),
    (("tracker", "runs", "--top", "0"), "tracker: max_results is 0; it must be from 1 to"),
    (("tracker", "runs", "--store", "absent"), "tracker: no store at "),
    (("tracker", "runs", "--store", "other"), "is not a tracker store: it holds other files (mine.txt)"),
    (("sweeps", "run", "s.yaml", "--store", "other"), "is not a tracker store: it holds other files (mine.txt)"),
    (("sweeps", "run", "s.yaml", "--store", "train.py"), "is not a tracker store: it is not a folder"),
    (("tracker", "runs", "--store", "foreign"), "is not a tracker store: tracker.db is another program's database"),
    (("tracker", "runs", "--store", "newer"), "has schema version 99, and this tracker knows versions up to 5"),
    # Nobody, not even root, may make a folder there.
    (("sweeps", "run", "s.yaml", "--store", "/proc/store"), "sweeps: cannot write to the store /proc/store: "),
]


def test_bad_commands_get_one_line(sweep_file: Path, call: Run, tmp_path: Path) -> None:
    call("sweeps", "run", "s.yaml")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "mine.txt").write_text("")
    for name, statement in {"foreign": "CREATE TABLE t (x)", "newer": "PRAGMA user_version = 99"}.items():
        if name == "newer":
            tracker.open(tmp_path / name).close()
        (tmp_path / name).mkdir(exist_ok=True)
        connection = sqlite3.connect(tmp_path / name / "tracker.db")
        connection.execute(statement)
        connection.close()
    before = sorted(tmp_path.iterdir())
    for words, line in BAD_COMMANDS:
        assert line in line_of(call(*words, code=2)), words
    assert sorted(tmp_path.iterdir()) == before
    assert sweep_file.exists()


@pytest.mark.parametrize(
    ("words", "caret"),
    [
        (("runs", "--filter", "metrics.loss >> 3"), "                >"),
        (("runs", "--filter", "params.lr = 0.1 AND foo.bar = 3"), "foo.bar"),
        (("models", "--order-by", "metrics.loss DOWN"), "DOWN"),
    ],
)
def test_a_filter_that_does_not_parse_is_shown_with_a_caret(
    sweep_file: Path,
    call: Run,
    words: tuple[str, ...],
    caret: str,
) -> None:
    call("sweeps", "run", str(sweep_file))
    done = call("tracker", *words, code=2)
    problem, text, mark, *repaired = done.stderr.splitlines()
    assert all(line.startswith("  did you mean: ") for line in repaired)
    assert problem.startswith("tracker: ")
    assert text == f"  {words[-1]}"
    assert text[mark.index("^") :].startswith(caret.strip())
