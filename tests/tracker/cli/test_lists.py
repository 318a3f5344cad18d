"""`tracker runs`, `tracker models` and `tracker experiments`: counts, fields, pages and forms."""

from __future__ import annotations

import csv
import io
import json
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

import tracker
from tracker.cli.main import main
from tracker.cli.manners import as_iso

Command = Callable[..., tuple[str, str]]
ANSI = re.compile(r"\x1b\[[0-9;]*m")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("lists") / "store"
    validation, holdout = tracker.Dataset("validation", "a1"), tracker.Dataset("holdout", "b2")
    with tracker.open(path) as opened:
        for number in range(7):
            params = {"n": number, "kind": "even" if number % 2 == 0 else number}
            with opened.start_run(f"e{number % 2}", name=f"run {number}", params=params, tags={"t": "x"}) as run:
                run.log({"loss": 1 / (number + 3), "a,b": number}, step=number)
                model = run.log_model("net", lambda folder: (folder / "w").write_bytes(b"w"), step=number)
                model.log({"acc": number / 10}, dataset=validation)
                model.log({"acc": 1 - number / 10}, dataset=holdout)
        # An experiment whose name is the ID of another one.
        with opened.start_run("2", name="named by a number"):
            pass
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


def rows(command: Command, *words: str) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(command(*words, "--json")[0])
    return found


def test_pages_follow_each_other_by_their_tokens(command: Command) -> None:
    words = ["runs", "--top", "3", "--order-by", "params.n", "--filter", "params.n >= 0"]
    found: list[int] = []
    token: list[str] = []
    while True:
        out, err = command(*words, *token, "--json")
        found += [row["params"]["n"] for row in json.loads(out)]
        if not err:
            break
        token = ["--page-token", err.split("--page-token ")[1].strip()]
        assert len(err.splitlines()) == 1
    assert found == list(range(7))


@pytest.mark.parametrize("form", [[], ["--json"], ["--csv"], ["--fields", "name"]])
@pytest.mark.parametrize("kind", ["runs", "models"])
def test_that_there_is_more_is_said_on_stderr_in_every_form(command: Command, kind: str, form: list[str]) -> None:
    out, err = command(kind, "--top", "2", *form)
    assert "page" not in out
    assert re.fullmatch(r"2 of [78]; next page: --page-token \S+\n", err)
    assert command(kind, *form)[1] == ""


def test_only_the_fields_asked_for_in_their_order(command: Command) -> None:
    words = ["runs", "--order-by", "params.n", "--fields", 'metrics.loss,name,params.kind,tags,params.no,"metrics.a,b"']
    found = rows(command, *words)
    assert list(found[1]) == ["metrics.loss", "name", "params.kind", "tags", "params.no", "metrics.a,b"]
    assert found[1] == {
        "metrics.loss": 0.25,
        "name": "run 1",
        "params.kind": 1,
        "tags": {"t": "x"},
        "params.no": None,
        "metrics.a,b": 1.0,
    }
    table = list(csv.reader(io.StringIO(command(*words, "--csv")[0])))
    assert table[0] == ["metrics.loss", "name", "params.kind", "tags.t", "params.no", "metrics.a,b"]
    assert table[2] == ["0.25", "run 1", "1", "x", "", "1.0"]
    lines = command(*words)[0].splitlines()
    assert lines[0].split() == table[0]
    assert lines[2].split() == ["0.25", "run", "1", "1", "x", "1"]


def test_a_models_fields_are_those_of_the_dataset_that_is_asked_for(command: Command) -> None:
    words = ["models", "--fields", "metrics.acc,metrics.acc@holdout", "--order-by", "metrics.acc", "--top", "1"]
    assert rows(command, *words, "--dataset", "validation") == [{"metrics.acc": 0.0, "metrics.acc@holdout": 1.0}]
    assert rows(command, *words, "--dataset", "holdout@b2") == [{"metrics.acc": 0.4, "metrics.acc@holdout": None}]


@pytest.mark.parametrize(
    "order", ["metrics.acc DESC", "metrics.`acc` desc ", 'metric."acc"  DESC', "metrics.'acc' desc"]
)
def test_an_order_by_a_metric_means_the_dataset_that_is_asked_for(command: Command, order: str) -> None:
    words = ["models", "--top", "2", "--order-by", order, "--fields", "step"]
    assert rows(command, *words, "--dataset", "validation") == [{"step": 6}, {"step": 5}]
    assert rows(command, *words, "--dataset", "holdout") == [{"step": 0}, {"step": 1}]


def test_csv_has_all_columns_also_where_nothing_matches(command: Command) -> None:
    heading, *found = csv.reader(io.StringIO(command("runs", "--csv")[0]))
    assert heading[:4] == ["run_id", "name", "experiment_id", "experiment"]
    assert heading[11:] == ["metrics.a,b", "metrics.acc", "metrics.loss", "params.kind", "params.n", "tags.t"]
    assert len(found) == 8
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", found[0][6])
    nothing = list(csv.reader(io.StringIO(command("runs", "--csv", "--filter", "params.n > 9")[0])))
    assert nothing == [heading[:11]]
    assert command("models", "--csv", "--filter", "params.n > 9", "--fields", "name,metrics.x")[0] == "name,metrics.x\n"


def test_experiments_by_name_or_by_id(command: Command, place: Path) -> None:
    with tracker.open(place) as opened:
        ids = {each.name: each.experiment_id for each in opened.search_experiments()}
    assert len(rows(command, "runs", ids["e0"])) == 4
    assert len(rows(command, "models", "e1", ids["e0"], "e0")) == 7
    # The name goes before the ID.
    assert ids["2"] != "2"
    assert [row["name"] for row in rows(command, "runs", "2")] == ["named by a number"]


def test_a_time_that_is_printed_can_be_searched_for(command: Command) -> None:
    found = rows(command, "runs", "--fields", "start_time,name")
    assert all(str(row["start_time"]).endswith("Z") for row in found)


def test_experiments(command: Command, place: Path) -> None:
    found = rows(command, "experiments", "--filter", "name LIKE 'e%'", "--order-by", "name DESC")
    with tracker.open(place) as opened:
        known = {each.name: each for each in opened.search_experiments()}
    assert found == [
        {
            "experiment_id": known[name].experiment_id,
            "name": name,
            "lifecycle_stage": "active",
            "creation_time": as_iso(known[name].creation_time),
            "last_update_time": as_iso(known[name].last_update_time),
            "artifact_location": "",
            "tags": {},
        }
        for name in ("e1", "e0")
    ]
    assert command("experiments", "--order-by", "name", "--csv", "--fields", "name", "--top", "9") == (
        "name\n2\nDefault\ne0\ne1\n",
        "",
    )
    out, err = command("experiments", "--top", "1")
    assert err.startswith("1 of 4; next page: --page-token ")
    assert "active" in out


@pytest.mark.parametrize(
    ("words", "count"),
    [
        (["runs"], "8"),
        (["runs", "e0", "--filter", "params.n > 1"], "3"),
        (["runs", "--top", "1", "--order-by", "params.n"], "8"),
        (["models", "--dataset", "holdout", "--filter", "metrics.acc > 0.75"], "3"),
        (["models", "--filter", "params.n > 9", "--json"], "0"),
        (["experiments", "--filter", "name LIKE 'e%'"], "2"),
    ],
)
def test_counts(command: Command, words: list[str], count: str) -> None:
    assert command(*words, "--count") == (f"{count}\n", "")


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["runs", "--count", "--csv"], "tracker: --count gives one number: leave out --csv"),
        (["models", "--count", "--fields", "name"], "tracker: --count gives one number: leave out --fields"),
        (["experiments", "--count", "--page-token", "x"], "tracker: --count gives one number: leave out --page-token"),
        (["runs", "--json", "--csv"], "tracker: --json and --csv are two forms: leave one of them out"),
        (["experiments", "--fields", "metrics"], "tracker: no field 'metrics'"),
        (["experiments", "--order-by", "nothing"], "tracker: unknown attribute 'nothing'"),
        (["runs", "--fields", 'name,"metrics'], "tracker: --fields 'name,\"metrics': give names"),
        (["runs", "--fields", ""], "tracker: --fields '': give names with commas between them, such as"),
        (["runs", "--fields", "name,,status"], "tracker: --fields 'name,,status': give names"),
        (["runs", "--fields", "nam"], "tracker: no field 'nam'; did you mean 'name'?"),
        (["models", "--fields", "metrics.", "--json"], "tracker: field 'metrics.' needs a name behind its dot"),
        (["models", "--fields", "start_time", "--csv"], "tracker: no field 'start_time'"),
        (["runs", "--page-token", "nonsense"], "tracker: the page token is not one that this query gave"),
        (["runs", "--page-token", "WzUsIjlmZjE1YzUzZGMxZDZkNWMiXQ", "--filter", "params.n = 1"], "tracker: the page"),
        (["runs", "--top", "50001"], "tracker: max_results is 50001; it must be from 1 to 50000"),
        (["runs", "e7"], "tracker: no experiment 'e7'; there is 2, Default, e0, e1"),
        (["runs", "99"], "tracker: no experiment '99'"),
        (["models", "--dataset", "holdout", "--order-by", "metrics.acc SIDEWAYS"], "tracker: "),
        (["models", "--dataset", "holdout", "--order-by", "metrics.`acc"], "tracker: "),
        (["models", "--dataset", ""], "tracker: --dataset ''"),
        (["models", "--dataset", "@a1"], "tracker: --dataset '@a1'"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(
    place: Path, capsys: pytest.CaptureFixture[str], words: list[str], line: str
) -> None:
    assert main([*words, "--store", str(place)]) == 2
    out, err = capsys.readouterr()
    first, *caret = err.splitlines()
    assert out == ""
    assert first.startswith(line)
    assert not caret or caret[1].strip() == "^"


def test_in_a_terminal_of_80_columns_no_line_is_longer(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    for words in (["runs"], ["models"], ["models", "--dataset", "validation", "--order-by", "metrics.acc DESC"]):
        assert main([*words, "--store", str(place), "--top", "3"]) == 0
        out, err = capsys.readouterr()
        lines = [ANSI.sub("", line) for line in out.splitlines()]
        assert max(map(len, lines)) <= 80
        # Each row on one line, below the lines of the headings.
        assert [len(re.findall(r"[0-9a-f]{32}", line)) for line in lines[-3:]] == [1, 1, 1]
        assert "metrics." in "".join(lines[:-3])
        assert "columns that have no room here" in err
    assert os.environ["COLUMNS"] == "80"
