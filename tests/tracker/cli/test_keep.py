"""`tracker keep` and `tracker promote`, as a user runs them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import tracker
from tracker.cli.keep import bytes_in
from tracker.cli.main import main
from tracker.errors import InvalidInput

Command = Callable[..., str]
Told = Callable[..., dict[str, Any]]
SIZE = 2_000_000


@pytest.fixture
def ids() -> list[str]:
    return []


@pytest.fixture
def place(store: Path, ids: list[str]) -> Path:
    validation, holdout = tracker.Dataset("validation", "a1"), tracker.Dataset("holdout", "b2")
    with tracker.open(store) as opened:
        for experiment in ("e0", "e1"):
            with opened.start_run(experiment) as run:
                for number in range(3):
                    model = run.log_model("net", lambda to: (to / "w").write_bytes(b"w" * SIZE), step=number)
                    model.log({"acc": len(ids) / 10, "ms": 9 - number}, dataset=validation)
                    model.log({"acc": 0.5 - number / 10}, dataset=holdout)
                    ids.append(model.model_id)
    return store


@pytest.fixture
def command(place: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    """Run a command that must succeed in silence, and return what it printed."""

    def run(*words: str) -> str:
        code = main([*words, "--store", str(place)])
        out, err = capsys.readouterr()
        assert (code, err) == (0, "")
        return "".join(f"{line.rstrip()}\n" for line in out.splitlines())

    return run


@pytest.fixture
def told(command: Command) -> Told:
    def run(*words: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(command(*words, "--json"))
        return found

    return run


def kept(ids: list[str], found: dict[str, Any]) -> list[int]:
    return [ids.index(each["model_id"]) for each in found["keep"]]


def on_disk(place: Path, ids: list[str]) -> list[int]:
    return [number for number, each in enumerate(ids) if (place / "artifacts" / "models" / each).exists()]


def test_a_dry_run_shows_the_plan_and_deletes_nothing(command: Command, place: Path, ids: list[str]) -> None:
    words = ["keep", "--top", "2", "--metric", "acc", "--dataset", "validation", "--dry-run"]
    lines = command(*words).splitlines()
    assert lines[0].split() == ["model_id", "step", "size", "why"]
    assert [line.split()[:2] for line in lines[1:7]] == [
        [word, each] for word, each in zip(["drop"] * 4 + ["keep"] * 2, ids, strict=True)
    ]
    assert lines[1].endswith("no rule keeps it")
    assert lines[6].split(maxsplit=5)[2:] == ["2", "2", "MB", "place 1 of 6 by acc on validation@a1"]
    assert lines[7:] == ["kept: 2 with 4 MB", "would be deleted: 4 with 8 MB"]
    assert on_disk(place, ids) == [0, 1, 2, 3, 4, 5]


def test_what_no_rule_keeps_is_deleted(told: Told, place: Path, ids: list[str]) -> None:
    words = ["keep", "--top", "1", "--metric", "acc", "--dataset", "holdout", "--last", "1"]
    before = told(*words, "--dry-run")
    assert (before["dry_run"], before["deleted"], before["bytes_freed"]) == (True, [], 4 * SIZE)
    done = told(*words)
    assert kept(ids, done) == kept(ids, before) == [0, 5]
    assert done["keep"][0]["reasons"] == ["place 1 of 6 by acc on holdout@b2"]
    assert (done["dry_run"], done["deleted"], done["left"]) == (False, ids[1:5], [])
    assert (done["bytes_kept"], done["bytes_freed"], done["is_within_budget"]) == (2 * SIZE, 4 * SIZE, True)
    assert on_disk(place, ids) == [0, 5]
    assert told(*words)["drop"] == []
    assert main(["doctor", "--deep", "--store", str(place)]) == 0


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (["--top", "1", "--metric", "acc"], [0, 5]),
        (["--top", "1", "--metric", "acc:minimize,ms:minimize", "--dataset", "validation"], [0, 2]),
        (["--top", "1", "--metric", "ms", "--goal", "minimize"], [2]),
        (["--per-run-best", "1", "--metric", "ms"], [0, 3]),
        (["--per-run-last", "2"], [1, 2, 4, 5]),
        (["--last", "2"], [4, 5]),
        (["--front", "acc,ms", "--dataset", "validation"], [3, 4, 5]),
        (["--budget", "6MB"], [3, 4, 5]),
        (["--top", "6", "--metric", "acc", "--dataset", "holdout", "--budget", "4 MB"], [0, 3]),
        (["--last", "1", "--experiment", "e0"], [2]),
        (["--last", "9", "--filter", "step = 1"], [1, 4]),
    ],
)
def test_each_rule_can_be_typed(told: Told, ids: list[str], words: list[str], wanted: list[int]) -> None:
    assert kept(ids, told("keep", *words, "--dry-run")) == wanted


def test_what_has_an_alias_stays_and_its_name_is_shown(command: Command, place: Path, ids: list[str]) -> None:
    command("promote", ids[0], "digits", "--metric", "acc", "--dataset", "holdout")
    lines = command("keep", "--budget", "1").splitlines()
    assert lines[1].endswith("pinned: digits@best")
    assert lines[-1] == "over the budget of 1 bytes: what is pinned is more than that"
    assert on_disk(place, ids) == [0]
    assert command("keep", "--last", "1", "--experiment", "e1").splitlines() == [
        "kept: 0 with 0 bytes",
        "deleted: 0 with 0 bytes",
    ]


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ([], "nothing says what to keep, so nothing is deleted; see tracker keep --help"),
        (["--filter", "step = 1"], "nothing says what to keep"),
        (["--dry-run"], "nothing says what to keep"),
        (["--top", "5"], "--top needs a --metric to rank by"),
        (["--per-run-best", "5"], "--per-run-best needs a --metric"),
        (["--metric", "acc"], "--metric needs --top or --per-run-best"),
        (["--last", "1", "--dataset", "validation"], "--goal and --dataset need a --metric or a --front"),
        (["--top", "0", "--metric", "acc"], "--top 0: keep at least 1"),
        (["--per-run-last", "-1"], "--per-run-last -1: keep at least 1"),
        (["--top", "1", "--metric", "ac"], "no checkpoint here ranks by 'ac'; did you mean 'acc'?"),
        (
            ["--top", "1", "--metric", "acc", "--dataset", "validaton"],
            "no checkpoint here ranks by 'acc' on 'validaton'",
        ),
        (["--top", "1", "--metric", "acc", "--goal", "maximise"], "the goal is 'maximise'"),
        (["--front", "acc"], "a Pareto front is of at least two metrics"),
        (["--front", "acc,ms"], "'acc' was measured on 2 datasets"),
        (["--budget", "much"], "--budget 'much': write a size such as 10GB"),
        (["--budget", ""], "--budget '': write a size"),
        (["--last", "1", "--experiment", "e9"], "no experiment 'e9'; there is Default, e0, e1"),
        (["--last", "1", "--filter", "step >"], "expected"),
    ],
)
def test_a_mistake_is_one_line_and_deletes_nothing(
    place: Path, ids: list[str], capsys: pytest.CaptureFixture[str], words: list[str], line: str
) -> None:
    assert main(["keep", *words, "--store", str(place)]) == 2
    out, err = capsys.readouterr()
    first, *caret = err.splitlines()
    assert out == ""
    assert first.startswith(f"tracker: {line}")
    assert len(caret) in {0, 2}
    assert on_disk(place, ids) == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("10GB", 10**10),
        ("10 gb", 10**10),
        ("1.5GiB", 3 * 2**29),
        ("500M", 5 * 10**8),
        ("1e3", None),
        ("0", 0),
        ("12", 12),
        ("12B", 12),
        ("2TB", 2 * 10**12),
        ("-1", None),
        ("GB", None),
        ("1 XB", None),
    ],
)
def test_sizes_are_read_as_people_write_them(text: str, wanted: int | None) -> None:
    if wanted is None:
        with pytest.raises(InvalidInput, match="write a size"):
            bytes_in(text)
    else:
        assert bytes_in(text) == wanted


# --- promote


def test_a_promotion_is_told(command: Command, told: Told, ids: list[str]) -> None:
    rule = ["digits", "--metric", "acc", "--dataset", "validation"]
    assert command("promote", ids[3], *rule) == (
        f"digits@best: promoted to 1: there is no incumbent; {ids[3]} has acc 0.3 on validation@a1\n"
    )
    line = command("promote", f"models:/{ids[0]}", *rule)
    assert line == "digits@best: not promoted: worse by 0.3: acc 0.0 against 0.3 on validation@a1, maximize\n"
    done = told("promote", ids[4], *rule, "--min-lead", "0.1")
    assert done == {
        "name": "digits",
        "alias": "best",
        "promoted": True,
        "reason": "better by 0.1: acc 0.4 against 0.3 on validation@a1, maximize",
        "version": 2,
        "metric": "acc",
        "goal": "maximize",
        "min_lead": 0.1,
        "lead": 0.1,
        "candidate": {"model_id": ids[4], "value": 0.4, "dataset": {"name": "validation", "digest": "a1"}},
        "incumbent": {"model_id": ids[3], "value": 0.3, "dataset": {"name": "validation", "digest": "a1"}},
    }
    first = told("promote", "models:/digits@best", *rule, "--alias", "small", "--goal", "minimize")
    assert (first["promoted"], first["version"], first["incumbent"]) == (True, 2, None)


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["m-1", "digits", "--metric", "acc"], "no logged model 'm-1'"),
        (["models:/digit@best", "digits", "--metric", "acc"], "no registered model 'digit'"),
        (["MODEL", "a/b", "--metric", "acc"], "registered model name 'a/b': neither / nor :"),
        (["MODEL", "digits", "--metric", "acc"], "'acc' was measured on 2 datasets"),
        (
            ["MODEL", "digits", "--metric", "acc", "--dataset", "test"],
            "no dataset 'test'; there is holdout, validation",
        ),
        (["MODEL", "digits", "--metric", "acc", "--dataset", ""], "--dataset '': give a dataset's name"),
        (["MODEL", "digits", "--metric", "ms", "--alias", "V2"], "alias 'V2' is reserved"),
        (["MODEL", "digits", "--metric", "ms", "--goal", ""], "the goal is ''"),
        (["MODEL", "digits", "--metric", "ms", "--min-lead", "nan"], "min_lead is nan"),
    ],
)
def test_a_promotion_that_cannot_be_is_one_line(
    place: Path, ids: list[str], capsys: pytest.CaptureFixture[str], words: list[str], line: str
) -> None:
    assert main(["promote", *(ids[0] if word == "MODEL" else word for word in words), "--store", str(place)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"tracker: {line}")
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize("words", [["promote", "m", "n"], ["keep", "--top", "x"], ["keep", "all"]])
def test_a_mistyped_command_is_one_line_and_exit_code_2(capsys: pytest.CaptureFixture[str], words: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(words)
    assert caught.value.code == 2
    out, err = capsys.readouterr()
    assert (len(err.splitlines()), out) == (1, "")
