from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import tracker

Command = Callable[..., Any]
Fails = Callable[..., str]


@pytest.fixture(autouse=True)
def sweep_id(sweeps: Command) -> str:
    identity: str = sweeps("run", "mine.yaml", "--json").json["sweep_id"]
    return identity


def test_ranks_by_the_sweeps_own_metric_goal_and_dataset(sweeps: Command, sweep_id: str) -> None:
    found = sweeps("best", "last", "--json").json
    ranked = found["top"]
    assert (found["best"], found["goal"]) == (ranked[0], "maximize")
    assert [(model["trial"], model["step"], model["value"]) for model in ranked] == [
        (3, 0, 3.0),
        (3, 1, 2.5),
        (2, 0, 2.0),
        (2, 1, 1.5),
        (1, 0, 1.0),
    ]
    assert {model["dataset"]["name"] for model in ranked} == {"validation"}
    assert sweeps("best", sweep_id, "--json").json == sweeps("best", "mine", "--json").json == found


def test_takes_another_dataset_and_fewer(sweeps: Command) -> None:
    first = sweeps("best", "last", "--dataset", "test", "--top", "1", "--json").json["best"]
    assert (first["trial"], first["step"], first["value"]) == (1, 1, 0.0)
    assert first["dataset"] == {"name": "test", "digest": "e5f6a7b8"}
    assert first == sweeps("best", "last", "--dataset", "test@e5f6a7b8", "--top", "1", "--json").json["best"]
    lowest = sweeps("best", "last", "--goal", "minimize", "--json").json["top"]
    assert [model["value"] for model in lowest] == sorted(model["value"] for model in lowest)


def test_prints_a_table_with_the_other_datasets_beside(sweeps: Command) -> None:
    done = sweeps("best", "last", "--top", "2")
    assert done.code == 0
    lines = done.out.splitlines()
    assert "best checkpoints by error (validation)" in lines[0]
    assert "error (validation)" in lines[1]
    assert "error (test)" in lines[1]
    assert len([line for line in lines if "m-" in line]) == 2


def test_finds_the_files_of_the_best(sweeps: Command) -> None:
    first = sweeps("best", "last", "--top", "1", "--json").json["best"]
    with tracker.open("tracker-store", create=False) as store:
        model = store.get_logged_model(first["uri"])
        assert (model.download("best") / "net").read_text() == "3"
    assert Path(first["path"]).is_dir()


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["yours"], "no sweep 'yours'; there is mine"),
        (["last", "--metric", "eror"], "no trial logged the metric 'eror'; logged were error, loss"),
        (["last", "--metric", "loss"], "no dataset 'validation'"),
        (["last", "--dataset", "training"], "no dataset 'training'"),
        (["last", "--dataset", "test@00000000"], "no dataset 'test@00000000'"),
        (["last", "--top", "0"], "--top 0: at least 1"),
        (["last", "--store", "elsewhere"], "no store at"),
        ([], "the following arguments are required: SWEEP"),
    ],
)
def test_mistakes_are_one_line(fails: Fails, words: list[str], line: str) -> None:
    assert line in fails("best", *words)
