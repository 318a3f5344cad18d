"""`tracker rank`, as a user runs it."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Callable
from pathlib import Path

import pytest

import tracker
from tracker.cli.main import main

Command = Callable[..., tuple[str, str]]


@pytest.fixture(scope="module")
def sweep_ids() -> list[str]:
    return []


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, sweep_ids: list[str]) -> Path:
    path = tmp_path_factory.mktemp("rank") / "store"
    validation, holdout = tracker.Dataset("validation", "a1"), tracker.Dataset("holdout", "b2")
    with tracker.open(path) as opened:
        for experiment in ("e0", "e1"):
            with opened.start_run(experiment, name="sweep") as sweep:
                sweep_ids.append(sweep.run_id)
                for number in range(3):
                    with sweep.start_child(name=f"trial {number}", params={"n": number, "seed": number % 2}) as run:
                        model = run.log_model("net", lambda folder: (folder / "w").write_bytes(b"w"), step=number)
                        shift = 0.05 if experiment == "e1" else 0
                        model.log({"acc": number / 10 + shift, "ms": 10 * (number + 1)}, dataset=validation)
                        model.log({"acc": 1 - number / 10, "odd": math.nan}, dataset=holdout)
    return path


@pytest.fixture
def command(place: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    """Run a command that must succeed, and return what it printed on both streams."""

    def run(*words: str) -> tuple[str, str]:
        code = main([*words, "--store", str(place)])
        out, err = capsys.readouterr()
        assert code == 0, err
        return out, err

    return run


def steps(command: Command, *words: str) -> list[int]:
    return [row["step"] for row in json.loads(command("rank", *words, "--json")[0])]


def test_the_best_come_first(command: Command) -> None:
    assert steps(command, "acc", "--dataset", "validation") == [2, 2, 1, 1, 0]
    assert steps(command, "acc", "--dataset", "holdout@b2", "--top", "2") == [0, 0]
    assert steps(command, "ms", "--goal", "minimize", "--top", "3") == [0, 0, 1]


def test_among_which_checkpoints(command: Command, sweep_ids: list[str]) -> None:
    words = ["acc", "--dataset", "validation"]
    assert steps(command, *words, "--experiment", "e1", "--filter", "params.n < 2") == [1, 0]
    assert steps(command, *words, "--sweep", sweep_ids[0]) == [2, 1, 0]
    assert steps(command, *words, "--experiment", "e0", "--experiment", "e1", "--top", "9") == [2, 2, 1, 1, 0, 0]


def test_forms(command: Command) -> None:
    words = ["rank", "acc", "--dataset", "validation", "--top", "2"]
    rows = list(csv.DictReader(io.StringIO(command(*words, "--csv")[0])))
    assert [row["metrics.acc"] for row in rows] == ["0.25", "0.2"]
    assert [row["metrics.acc@holdout"] for row in rows] == ["0.8", "0.8"]
    assert command(*words, "--csv", "--fields", "metrics.acc,params.n") == ("metrics.acc,params.n\n0.25,2\n0.2,2\n", "")
    table, err = command(*words)
    assert (table.count("m-"), err) == (2, "")
    lines = table.splitlines()
    assert "0.25" in lines[-2]
    assert lines[-1].split()[0].startswith(("m-", "2"))


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["odd"], "nothing ranks by 'odd'\n"),
        (["ac"], "nothing ranks by 'ac'; did you mean 'acc'?\n"),
        (["ms", "--filter", "params.n > 9"], "nothing ranks by 'ms'\n"),
    ],
)
def test_what_does_not_rank_is_said_in_words(command: Command, words: list[str], line: str) -> None:
    assert command("rank", *words) == (line, "")
    assert command("rank", *words, "--json") == ("[]\n", "")


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["acc"], "'acc' was measured on 2 datasets: holdout@b2, validation@a1; name the one"),
        (["acc", "--dataset", "validaton"], "no dataset 'validaton'; did you mean 'validation'?"),
        (["acc", "--dataset", ""], "--dataset '': give a dataset's name"),
        (["acc", "--dataset", "validation", "--goal", "maximise"], "the goal is 'maximise'; it must be"),
        (["ms", "--goal", ""], "the goal is ''; it must be"),
        (["acc:maximum"], "METRIC 'acc:maximum': write a goal as"),
        (["acc,,ms"], "METRIC 'acc,,ms': give names"),
        (["acc,ms", "--weights", "acc=much"], "--weights 'acc=much': write NAME=NUMBER"),
        (["acc", "--seeds", ""], "--seeds '': give names"),
        (["acc", "--experiment", "e9"], "no experiment 'e9'; there is Default, e0, e1"),
        (["acc", "--sweep", "f" * 32], f"no run '{'f' * 32}'"),
        (["acc", "--filter", "params.n >"], "expected"),
        (["ms", "--top", "0"], ""),
        (["ms", "--json", "--csv"], "--json and --csv are two forms"),
        (["ms", "--fields", "places"], "no field 'places'"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(
    place: Path, capsys: pytest.CaptureFixture[str], words: list[str], line: str
) -> None:
    assert main(["rank", *words, "--store", str(place)]) == 2
    out, err = capsys.readouterr()
    first, *caret = err.splitlines()
    assert out == ""
    assert first.startswith(f"tracker: {line}")
    assert len(caret) in {0, 2}
    assert "Traceback" not in err


@pytest.mark.parametrize(
    "words", [["rank"], ["rank", "a", "b"], ["rank", "a", "--smooth", "x"], ["rank", "a", "--last-steps", "1.5"]]
)
def test_a_mistyped_command_is_one_line_and_exit_code_2(capsys: pytest.CaptureFixture[str], words: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(words)
    assert caught.value.code == 2
    out, err = capsys.readouterr()
    assert (len(err.splitlines()), out) == (1, "")


def test_reasons_are_told_in_lines(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["rank", "acc", "--dataset", "holdout", "--explain", "--store", str(place)]
    assert main(words) == 0
    told = capsys.readouterr().out.splitlines()
    assert told[0] == "by acc (maximize); latest value"
    assert told[1].startswith("1. ")
    assert told[-1].startswith("out of ")
    assert main([*words, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)
