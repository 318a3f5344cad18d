from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import tracker

Command = Callable[..., Any]
Fails = Callable[..., str]


@pytest.fixture
def sweep_id(sweeps: Command) -> str:
    """A sweep of which two of four trials were to be tried."""
    identity: str = sweeps("run", "mine.yaml", "--trials", "2", "--json").json["sweep_id"]
    return identity


def test_goes_on_with_what_is_left(sweeps: Command, sweep_id: str) -> None:
    done = sweeps("resume", "mine", "--trials", "4")
    assert done.code == 0
    lines = done.out.splitlines()
    assert lines[0] == f"sweep mine ({sweep_id}): 4 trials, 1 at a time, 2 done before"
    assert [line.split(" | ")[0] for line in lines[1:3]] == ["trial 2 complete, error 2", "trial 3 complete, error 3"]
    assert "best checkpoints by error (validation)" in done.out
    assert sweeps("status", sweep_id, "--json").json["counts"] == {"failed": 1, "complete": 3}


def test_reads_the_file_again(sweeps: Command, sweep_id: str, sweep_file: Path) -> None:
    sweep_file.write_text(sweep_file.read_text().replace("executor: inline", "executor: threads, parallel: 2"))
    done = sweeps("resume", "last", "mine.yaml", "--trials", "4", "--json")
    assert (done.json["sweep_id"], done.json["trials"]["total"]) == (sweep_id, 4)
    assert "2 at a time" in done.err


def test_another_space_is_refused_and_can_be_forked(
    sweeps: Command, fails: Fails, sweep_id: str, sweep_file: Path
) -> None:
    sweep_file.write_text(sweep_file.read_text().replace("max: 3", "max: 5"))
    line = fails("resume", "mine", "mine.yaml")
    assert line.startswith("sweeps: sweep 'mine' cannot go on: ")
    assert "fork" in line
    forked = sweeps("resume", "mine", "mine.yaml", "--fork", "--json").json
    assert forked["trials"]["total"] == 6
    assert forked["sweep_id"] != sweep_id
    with tracker.open("tracker-store", create=False) as store:
        assert store.get_run(forked["sweep_id"]).tags["sweep.forked_from"] == sweep_id


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["yours"], "no sweep 'yours'; there is mine"),
        (["mine", "absent.yaml"], "absent.yaml: no such file"),
        (["mine", "--parallel", "0"], "parallel: 0 is too small; at least 1"),
        (["mine", "--store", "elsewhere"], "no store at"),
        ([], "the following arguments are required: SWEEP"),
    ],
)
def test_mistakes_are_one_line_and_change_nothing(fails: Fails, sweep_id: str, words: list[str], line: str) -> None:
    assert len(sweep_id) == 32
    assert line in fails("resume", *words)
