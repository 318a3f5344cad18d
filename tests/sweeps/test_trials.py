from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

import sweeps


def train(trial: sweeps.Trial) -> None:
    net, rate = trial.params["net"], trial.params["lr"]
    assert isinstance(net, dict)
    assert isinstance(rate, float)
    if net["width"] == 64:
        raise ValueError("too wide")
    trial.log({"loss": rate})


@pytest.fixture
def result(home: Path) -> sweeps.SweepResult:
    assert home.is_dir()
    parameters = {
        "lr": {"values": [0.5, 0.25]},
        "net": {"parameters": {"width": {"values": [32, 64]}}},
        "name": {"value": "x"},
    }
    return sweeps.run(sweeps.Sweep(train, parameters=parameters, metric="loss", method="grid", executor="inline"))


def test_are_a_tuple_by_number(result: sweeps.SweepResult) -> None:
    assert isinstance(result.trials, tuple)
    assert [trial.number for trial in result.trials] == [0, 1, 2, 3]
    assert result.count(sweeps.TrialState.COMPLETE) == 2


def test_become_tables_with_a_row_for_each(result: sweeps.SweepResult) -> None:
    frame = result.trials.to_polars()
    assert frame.columns == [
        "number",
        "run_id",
        "state",
        "value",
        "reason",
        "attempts",
        "seconds",
        "params.lr",
        "params.name",
        "params.net.width",
    ]
    told = {trial.number: (str(trial.state), trial.value, trial.reason) for trial in result.trials}
    rows = {row["number"]: row for row in frame.iter_rows(named=True)}
    assert {number: (row["state"], row["value"], row["reason"]) for number, row in rows.items()} == told
    assert sorted((row["params.lr"], row["params.net.width"]) for row in rows.values()) == [
        (0.25, 32),
        (0.25, 64),
        (0.5, 32),
        (0.5, 64),
    ]
    assert frame.schema["params.net.width"] == pl.Int64
    pandas = result.trials.to_pandas()
    assert pandas.columns.tolist() == frame.columns
    assert pandas["value"].count() == 2
    assert pandas.sort_values("value")["params.lr"].tolist()[:2] == [0.25, 0.5]


def test_of_none_there_is_a_table_too() -> None:
    assert sweeps.Trials().to_polars().columns[:4] == ["number", "run_id", "state", "value"]
