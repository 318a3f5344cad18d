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
    identity: str = sweeps("run", "mine.yaml", "--json").json["sweep_id"]
    return identity


def test_lists_all_sweeps_the_newest_first(sweeps: Command, sweep_id: str, sweep_file: Path) -> None:
    sweep_file.with_name("second.yaml").write_text(sweep_file.read_text())
    second = sweeps("run", "second.yaml", "--trials", "2", "--json").json["sweep_id"]
    listed = sweeps("status", "--json").json
    shared = {"state": "ended", "status": "FINISHED", "metric": "error", "goal": "maximize"}
    assert listed == [
        {"name": "second", "sweep_id": second, "trials": 2, **shared},
        {"name": "mine", "sweep_id": sweep_id, "trials": 4, **shared},
    ]
    table = sweeps("status").out
    assert table.index("second") < table.index("mine")


def test_of_a_store_without_sweeps_says_so(sweeps: Command) -> None:
    with tracker.open("tracker-store") as store, store.start_run("by hand"):
        pass
    assert sweeps("status").out == "the store holds no sweep yet\n"
    assert sweeps("status", "--json").json == []


@pytest.mark.parametrize("name", ["last", "mine", "its ID"])
def test_shows_the_trials_of_one(sweeps: Command, sweep_id: str, name: str) -> None:
    name = sweep_id if name == "its ID" else name
    shown = sweeps("status", name, "--json").json
    assert (shown["sweep_id"], shown["name"], shown["status"]) == (sweep_id, "mine", "FINISHED")
    assert (shown["metric"], shown["goal"], shown["dataset"]) == ("error", "maximize", "validation")
    trials = [(trial["number"], trial["state"], trial["value"], trial["params"]) for trial in shown["trials"]]
    assert trials == [
        (0, "failed", None, {"n": 0}),
        (1, "complete", 1.0, {"n": 1}),
        (2, "complete", 2.0, {"n": 2}),
        (3, "complete", 3.0, {"n": 3}),
    ]
    assert shown["trials"][0]["reason"] == "ValueError: no such n"
    table = sweeps("status", name).out
    assert "ValueError: no such n" in table
    lines = table.splitlines()
    assert lines[0] == f"{sweep_id} · ended"
    assert lines[2].endswith("4/4 done · 1 failed · 3 complete")
    assert "best error 3 · trial 3  n=3" in lines[3]
    assert (shown["state"], shown["pid"], shown["ended"], shown["total"]) == ("ended", None, "", 4)
    assert (shown["counts"], shown["retries"], shown["seconds_left"]) == ({"failed": 1, "complete": 3}, 0, None)
    assert shown["best"] == {"trial": 3, "value": 3.0}


def test_lists_the_newest_trials_unless_all_are_asked_for(sweeps: Command, sweep_file: Path) -> None:
    sweep_file.write_text(sweep_file.read_text().replace("max: 3", "max: 49"))
    sweeps("run", "mine.yaml", "--quiet")
    newest = sweeps("status", "last").out
    assert "\n9 " not in newest
    assert newest.endswith("… the newest 40 of 50 trials; --all lists all\n")
    assert "\n9 " in sweeps("status", "last", "--all").out
    assert len(sweeps("status", "last", "--json").json["trials"]) == 50


def test_of_a_sweep_that_has_ended_there_is_nothing_to_watch(sweeps: Command, sweep_id: str) -> None:
    done = sweeps("status", sweep_id, "--watch")
    assert (done.code, done.err, done.out) == (0, "", sweeps("status", sweep_id).out)


def test_names_mean_the_newest_of_that_name(sweeps: Command, sweep_id: str) -> None:
    again = sweeps("run", "mine.yaml", "--json").json["sweep_id"]
    assert sweeps("status", "mine", "--json").json["sweep_id"] == again
    assert sweeps("status", sweep_id, "--json").json["sweep_id"] == sweep_id


def test_an_unknown_sweep_is_a_mistake_that_lists_those_there_are(fails: Fails, sweep_id: str) -> None:
    assert len(sweep_id) == 32
    assert fails("status", "yours") == "sweeps: no sweep 'yours'; there is mine\n"


def test_no_store_is_a_mistake_and_none_is_made(fails: Fails) -> None:
    assert "no store at" in fails("status")
    assert "no store at" in fails("status", "last", "--store", "elsewhere")
