"""The benchmark suite runs, measures all that it promises, and tells what it cannot measure."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.__main__ import QUESTIONS, SUITES, keep, parser
from benchmarks.environments import Environments
from benchmarks.figures import Answer, Figure, at_least, at_most, compared, figures_table
from benchmarks.peers import work
from benchmarks.programs import Failed, parse, run
from benchmarks.searching.beside_mlflow import MLFLOW
from benchmarks.serving import servers
from benchmarks.setting import Setting
from benchmarks.sweeping.trials import RAY

ROOT = Path(__file__).parents[2]
# What needs a peer: ours is measured all the same.
PEERS = {"the fastest peer", "MLflow's client", MLFLOW, RAY, servers.MLFLOW, servers.FASTTRACKML}


# Each takes a minute or so; their questions' parts have tests of their own.
SLOW = {"logging", "searching", "serving", "sweeping"}


@pytest.mark.parametrize(
    "suite", [pytest.param(suite, marks=pytest.mark.campaign) if suite in SLOW else suite for suite in SUITES]
)
def test_everything_is_measured_without_peers(suite: str, tmp_path: Path) -> None:
    path = tmp_path / "figures.json"
    command = [sys.executable, "-m", "benchmarks", "--suite", suite, "--quick", "--no-peers", "--json", str(path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    kept = json.loads(path.read_bytes())
    assert kept.keys() == {"format", "started", "machine", "setting", "seconds", "figures", "details", "failed"}
    assert kept["failed"] == {}
    assert set(kept["details"]) == {figure["question"] for figure in kept["figures"]} == set(SUITES[suite])
    for figure in kept["figures"]:
        check(figure)
        assert figure["name"] in done.stdout
    assert_numbers(kept["details"])
    assert kept["machine"]["cpus"] > 0
    assert kept["machine"]["sync_us"] > 0


def check(figure: dict[str, Any]) -> None:
    """Hold one figure to its schema, and its numbers to being numbers; what is missing must have a reason."""
    assert figure.keys() == {*Figure.__dataclass_fields__, "question", "holds", "verdict"}
    if figure["ours"] is None:
        assert figure["note"].startswith(("this version has no ", "peers were left out")), figure
        assert figure["verdict"] == "not measured"
        return
    assert is_good(figure["ours"]), figure
    if figure["versus"] in PEERS:
        assert (figure["theirs"], figure["ratio"], figure["verdict"]) == (None, None, "not measured")
        assert figure["versus"] != MLFLOW or figure["note"] == "peers were left out"
        return
    assert figure["verdict"] in ({"aim", "yes", "NO"} if figure["target"] else {""})
    if figure["versus"]:
        assert is_good(figure["theirs"]), figure
        assert is_good(figure["ratio"]), figure


def is_good(value: object) -> bool:
    return isinstance(value, float | int) and math.isfinite(value) and value > 0


def assert_numbers(details: object) -> None:
    """No measurement, however deep, is missing or not a number; a count may be 0."""
    if isinstance(details, dict):
        for each in details.values():
            assert_numbers(each)
    elif isinstance(details, list):
        assert details
        for each in details:
            assert_numbers(each)
    else:
        assert isinstance(details, str) or details == 0 or is_good(details), details


def test_a_target_is_held_or_not() -> None:
    fast = at_least(2, 4)
    assert [Figure("f", "", value, fast).verdict for value in (1.9, 2.0, 4.0)] == ["NO", "yes", "aim"]
    small = at_most(4, 2)
    assert [Figure("f", "", value, small).verdict for value in (4.1, 4.0, 2.0)] == ["NO", "yes", "aim"]
    assert Figure("f", "", 100.0, fast, "another").verdict == "not measured"
    assert Figure("f", "", None, fast, note="why").holds is None


def test_rounds_are_compared_one_by_one() -> None:
    # The third round met a busy machine, both of them: its ratio is as good as any.
    figure = compared("f", "points/s", [100.0, 110.0, 10.0], "rows", [50.0, 50.0, 5.0], at_least(2, 3))
    assert (figure.ours, figure.theirs, figure.ratio, figure.verdict) == (100.0, 50.0, 2.0, "yes")
    assert "2 x" in figures_table([figure])


def test_everybody_is_given_the_same_work() -> None:
    first, again = work.calls(100, 10), work.calls(100, 10)
    assert first == again
    assert len({value for call in first for value in call.values()}) == 1000
    assert [list(call) for call in first] == [work.KEYS[:10]] * 100


@pytest.mark.parametrize("name", ["log_with_tracker", "log_with_rows"])
def test_what_a_program_reports_is_what_it_kept(name: str, tmp_path: Path) -> None:
    facts = run(f"peers.{name}", points=1000, metrics=10, folder=tmp_path)
    assert facts["points"] == 1000
    assert is_good(facts["seconds"])
    assert facts["durable"] == "committed with FULL"


def test_a_program_that_kept_too_little_has_no_answer(tmp_path: Path) -> None:
    program = (
        "from benchmarks.peers.work import Logged, report\n"
        "report(lambda work: Logged(1.0, 'in memory', '0', 0, work.points - 1))\n"
    )
    command = [sys.executable, "-c", program, "--points", "10", "--folder", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.strip()) == (1, "9 of 10 points were kept")


def test_a_program_that_ends_in_error_or_says_nothing_has_no_answer(tmp_path: Path) -> None:
    with pytest.raises(Failed, match=r"no_such ended with 1: .*No module named"):
        run("no_such", points=1, folder=tmp_path)
    with pytest.raises(Failed, match="ended without an answer: 'hello'"):
        parse("peer", "hello\n")
    assert parse("peer", 'noise\n{"points": 1}\n\n') == {"points": 1}


def test_a_peer_that_cannot_be_installed_is_one_line_and_the_rest_is_measured(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    pinned = tmp_path / "pinned"
    pinned.mkdir()
    for name in ("trackio", "wandb", "tensorboardx", "aim", "mlflow"):
        (pinned / f"{name}.txt").write_text("this is not a requirement\n", "utf-8")
    monkeypatch.setattr("benchmarks.environments.PINNED", pinned)
    peers = Environments(tmp_path / "environments")
    setting = Setting(points=100, rounds=1, large=1000, seconds=0.1, models=10, trials=10, folder=tmp_path, peers=peers)
    answer = QUESTIONS["reading"](setting)
    reading = answer.figures[0]
    assert is_good(reading.ours)
    assert (reading.theirs, reading.verdict) == (None, "not measured")
    assert "mlflow cannot be installed: " in reading.note
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_a_whole_suite_is_kept_in_its_place_and_less_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.__main__.KEPT", tmp_path)
    answers = {name: Answer([Figure(name, "ms", 1.0)], {}) for name in QUESTIONS}
    some = {name: answer for name, answer in answers.items() if name != "log-call"}
    keep(parser().parse_args(["--quick"]), {}, answers, {})
    keep(parser().parse_args(["--no-peers"]), {}, answers, {})
    assert list(tmp_path.iterdir()) == []
    keep(parser().parse_args([]), {"format": 1}, some, {"log-call": "why"})
    assert {path.name for path in tmp_path.iterdir()} == {"searching.json", "serving.json", "sweeping.json"}
    kept = json.loads((tmp_path / "searching.json").read_bytes())
    assert kept["details"].keys() == SUITES["searching"].keys()
    assert kept["failed"] == {}
