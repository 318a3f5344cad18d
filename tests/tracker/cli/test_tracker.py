"""The command line `tracker`, as a user runs it: lists in three forms, a doctor, and one line for every mistake."""

from __future__ import annotations

import csv
import io
import json
import math
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

import tracker
from tracker.cli.main import main
from tracker.cli.manners import as_iso

Command = Callable[..., str]
LOOKING = [
    ["runs"],
    ["models"],
    ["experiments"],
    ["runs", "e", "--count"],
    ["rank", "acc"],
    ["doctor"],
    ["backup", "/nowhere/backup"],
    ["gc"],
]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("cli") / "store"
    validation = tracker.Dataset.from_arrays("validation", x=[1, 2])
    holdout = tracker.Dataset.from_arrays("holdout", x=[3])
    with tracker.open(path) as opened:
        for number in range(3):
            params = {"n": number, "name": f'[red]"{number}"\x1b[31m, ü'}
            with opened.start_run(f"e{number % 2}", name=f"run {number}", params=params, tags={"t": "x"}) as run:
                run.log({"loss": 1 / (number + 3), "odd": math.nan}, step=number)
                model = run.log_model("net", lambda folder: (folder / "w").write_bytes(b"w"), step=number)
                model.log({"acc": number / 10, "far": math.inf}, dataset=validation)
                model.log({"acc": 1 - number / 10}, dataset=holdout)
    return path


@pytest.fixture
def command(place: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    """Run a command that must succeed without a word on stderr, and return what it printed."""

    def run(*words: str) -> str:
        code = main([*words, "--store", str(place)])
        out, err = capsys.readouterr()
        assert (code, err) == (0, "")
        return out

    return run


def test_runs_as_json(command: Command, place: Path) -> None:
    rows = json.loads(command("runs", "--json"))
    assert [row["name"] for row in rows] == ["run 2", "run 1", "run 0"]
    with tracker.open(place) as opened:
        (run,) = opened.search_runs(max_results=1)
    assert rows[0] == {
        "run_id": run.run_id,
        "name": "run 2",
        "experiment_id": run.experiment_id,
        "experiment": "e0",
        "parent_run_id": None,
        "status": "FINISHED",
        "start_time": as_iso(run.start_time),
        "end_time": as_iso(run.end_time or 0),
        "user_id": "",
        "lifecycle_stage": "active",
        "artifact_uri": f"mlflow-artifacts:/{run.experiment_id}/{run.run_id}/artifacts",
        "metrics": {"loss": 0.2, "odd": "NaN"} | {key: rows[0]["metrics"][key] for key in ("acc", "far")},
        "params": dict(run.params),
        "tags": {"t": "x"},
    }
    assert rows[0]["metrics"]["far"] == "Infinity"


def test_models_as_json(command: Command) -> None:
    rows = json.loads(command("models", "--json", "--dataset", "validation", "--order-by", "metrics.acc DESC"))
    assert [row["step"] for row in rows] == [2, 1, 0]
    assert rows[0]["metrics"] == {"acc": 0.2, "acc@holdout": 0.8, "far": "Infinity"}
    assert rows[0]["status"] == "READY"
    other = json.loads(command("models", "--json", "--dataset", "holdout", "--order-by", "metrics.acc DESC"))
    assert [row["step"] for row in other] == [0, 1, 2]


def test_lists_are_filtered_ordered_and_cut(command: Command) -> None:
    rows = json.loads(command("runs", "e0", "--json", "--filter", "metrics.loss < 1", "--order-by", "params.n ASC"))
    assert [row["params"]["n"] for row in rows] == [0, 2]
    assert len(json.loads(command("runs", "e0", "e1", "--json"))) == 3
    assert json.loads(command("runs", "--json", "--filter", "params.n > 5")) == []


def test_runs_as_csv_with_all_digits(command: Command) -> None:
    rows = list(csv.DictReader(io.StringIO(command("runs", "--csv", "--order-by", "params.n"))))
    assert [float(row["metrics.loss"]) for row in rows] == [1 / 3, 1 / 4, 1 / 5]
    assert {row["metrics.odd"] for row in rows} == {"nan"}
    assert rows[1]["params.name"].startswith('[red]"1"')
    assert len(rows) == 3


def test_models_as_csv(command: Command) -> None:
    rows = list(csv.DictReader(io.StringIO(command("models", "--csv", "--dataset", "validation"))))
    assert {row["name"] for row in rows} == {"net"}
    assert {row["metrics.acc"] for row in rows} == {"0.0", "0.1", "0.2"}


# S44.
@pytest.mark.parametrize("words", [["runs"], ["models"], ["models", "--dataset", "validation"]])
def test_a_table_shows_texts_as_they_are(command: Command, words: list[str]) -> None:
    table = command(*words)
    assert '[red]"1"' in table
    assert "\x1b" not in table
    assert "FINISHED" in table or "READY" in table


def test_nothing_that_matches_is_said_in_words(command: Command) -> None:
    assert command("runs", "--filter", "params.n > 5") == "nothing matches\n"


def test_the_store_may_be_named_by_the_environment(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TRACKER_STORE", str(place))
    assert main(["runs", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)) == 3


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["runs", "nowhere"], "no experiment 'nowhere'; there is Default, e0, e1"),
        (["runs", "E0"], "no experiment 'E0'"),
        (["models", "--dataset", "validaton"], "did you mean 'validation'"),
        (["models", "--dataset", "validation@0"], "validation@0"),
        (["runs", "--top", "0"], "from 1 to"),
        (["runs", "--top", "-3"], "from 1 to"),
        (["runs", "--order-by", "metrics.loss SIDEWAYS"], "SIDEWAYS"),
        (["models", "--order-by", "nothing"], "nothing"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(
    place: Path, capsys: pytest.CaptureFixture[str], words: list[str], text: str
) -> None:
    assert main([*words, "--store", str(place)]) == 2
    out, err = capsys.readouterr()
    first, *caret = err.splitlines()
    assert first.startswith("tracker: ")
    assert text in err
    assert not caret or caret[1].strip() == "^"
    assert out == ""


def test_a_filter_that_does_not_parse_shows_where(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["runs", "--filter", "metrics.loss >> 3", "--store", str(place)]) == 2
    assert capsys.readouterr().err.splitlines() == [
        "tracker: expected a number, found '>'",
        "  metrics.loss >> 3",
        "                ^",
        "  did you mean: metrics.loss > 3",
    ]


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["rums"],
        ["runs", "--top", "many"],
        ["runs", "--colour"],
        ["runs", "--store"],
        ["doctor", "extra"],
        ["backup"],
        ["backup", "one", "two"],
        ["gc", "here"],
    ],
)
def test_a_mistyped_command_is_one_line_and_exit_code_2(capsys: pytest.CaptureFixture[str], words: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(words)
    assert caught.value.code == 2
    out, err = capsys.readouterr()
    assert (len(err.splitlines()), out) == (1, "")
    assert "--help" in err


@pytest.mark.parametrize("words", LOOKING)
def test_no_store_is_made_by_looking(tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str]) -> None:
    assert main([*words, "--store", str(tmp_path / "nowhere")]) == 2
    out, err = capsys.readouterr()
    assert (out, len(err.splitlines())) == ("", 1)
    assert str(tmp_path / "nowhere") in err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("words", LOOKING)
def test_what_is_no_store_is_said_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    with closing(sqlite3.connect(tmp_path / "tracker.db")) as connection, connection:
        connection.execute("CREATE TABLE theirs (x)")
    assert main([*words, "--store", str(tmp_path)]) == 2
    out, err = capsys.readouterr()
    assert (out, len(err.splitlines())) == ("", 1)
    assert "is not a tracker store" in err


@pytest.mark.parametrize(
    "words",
    [
        ["--help"],
        ["runs", "--help"],
        ["models", "--help"],
        ["experiments", "--help"],
        ["rank", "--help"],
        ["doctor", "--help"],
        ["backup", "--help"],
        ["gc", "--help"],
    ],
)
def test_help_is_given(capsys: pytest.CaptureFixture[str], words: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(words)
    assert caught.value.code == 0
    assert "usage: tracker" in capsys.readouterr().out


def test_it_runs_as_a_program_whose_reader_may_leave(
    place: Path, run_python: Callable[..., object], tmp_path: Path
) -> None:
    program = """
        import subprocess, sys
        words = [sys.executable, "-W", "error", "-m", "tracker.cli.main", "runs", "--json", "--store", sys.argv[1]]
        process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait() == 0
    """
    run_python(program, place)
    assert sys.executable
    assert list(tmp_path.iterdir()) == []
