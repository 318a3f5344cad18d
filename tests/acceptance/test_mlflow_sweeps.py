"""Programs that log with MLflow, swept without a line changed."""

from __future__ import annotations

import sys
from pathlib import Path

import orjson
import pytest

import sweeps
import tracker
from sweeps.scheduler import door

pytest.importorskip("mlflow")

# As for MLflow alone: it names an experiment, renames its run, and writes down its own params.
PROGRAM = """
import argparse, json, os, sys, urllib.error, urllib.request
import mlflow

options = argparse.ArgumentParser()
options.add_argument("--lr", type=float)
asked = options.parse_args()

def status(token):
    request = urllib.request.Request(os.environ["MLFLOW_TRACKING_URI"] + "/health")
    if token:
        request.add_header("Authorization", "Bearer " + token)
    try:
        return urllib.request.urlopen(request).status
    except urllib.error.HTTPError as refusal:
        return refusal.code

token = os.environ["MLFLOW_TRACKING_TOKEN"]
assert (status(token), status(token + "x"), status("")) == (200, 401, 401)

mlflow.set_experiment("my own")
with mlflow.start_run(run_name="mine"):
    mlflow.log_params(vars(asked))
    for step in range(1, 9):
        mlflow.log_metric("loss", asked.lr + 1 / step, step=step)
    model = mlflow.initialize_logged_model("net", params={"lr": str(asked.lr)})
    made = mlflow.entities.LoggedModelOutput(model.model_id, 8)
    mlflow.MlflowClient().log_outputs(mlflow.active_run().info.run_id, [made])
    mlflow.log_metric("accuracy", 1 - asked.lr, step=8, model_id=model.model_id)
    mlflow.finalize_logged_model(model.model_id, "READY")
    mlflow.log_text("what it said", "notes/said.txt")
# What comes behind begins another run.
mlflow.log_metric("f1", asked.lr / 2)
"""

POINTS = [{"lr": 0.25}, {"lr": 0.75}, {"lr": 0.5}]


def script(folder: Path, text: str, metric: dict[str, object], **more: object) -> sweeps.Sweep:
    (folder / "train.py").write_text(text)
    config = {
        "command": [sys.executable, str(folder / "train.py"), "${args}"],
        "method": "random",
        "metric": metric,
        "parameters": {"lr": {"min": 0.0, "max": 1.0}},
        "run_cap": len(POINTS),
        "execution": {"start_with": POINTS, **more},
    }
    (folder / "sweep.yaml").write_bytes(orjson.dumps(config))
    return sweeps.Sweep.from_file(folder / "sweep.yaml")


def test_a_program_logs_into_its_trial(tmp_path: Path) -> None:
    sweep = script(tmp_path, PROGRAM, {"name": "f1", "goal": "minimize"}, parallel=2)
    result = sweeps.run(sweep, store=tmp_path / "store", seed=1)
    assert [(trial.state, trial.value) for trial in result.trials] == [("complete", each["lr"] / 2) for each in POINTS]
    best = result.best(metric="accuracy")
    assert best is not None
    assert (best.params, best.step, best.metrics["accuracy"]) == ({"lr": 0.25}, 8, 0.75)
    with tracker.open(tmp_path / "store") as store:
        (experiment,) = {run.experiment for run in store.search_runs()}
        trial = store.get_run(result.trials[0].run_id)
        assert (trial.name, trial.params, trial.status) == ("mine", {"lr": 0.25}, "FINISHED")
        assert store.metric_history(trial.run_id, "loss").steps.tolist() == list(range(1, 9))
        (beside,) = store.children(trial.run_id)
        assert (beside.experiment, dict(beside.metrics)) == (experiment, {"f1": 0.125})
        assert (
            b"what it said"
            in (tmp_path / "store" / "artifacts" / "runs" / trial.run_id / "notes/said.txt").read_bytes()
        )


def test_a_program_is_stopped_by_what_it_logs(tmp_path: Path) -> None:
    text = """
import signal, sys
import mlflow

with mlflow.start_run():
    for step in range(1, 200):
        mlflow.log_metric("loss", float(sys.argv[1].partition("=")[2]) + step, step=step)
"""
    pruner = {"type": "threshold", "upper": 3.0}
    sweep = script(tmp_path, text, {"name": "loss", "goal": "minimize"}, pruner=pruner, parallel=3)
    result = sweeps.run(sweep, store=tmp_path / "store")
    assert [trial.state for trial in result.trials] == ["pruned"] * 3


def function(trial: sweeps.Trial) -> None:
    import mlflow

    with mlflow.start_run():
        mlflow.log_metric("loss", float(str(trial.params["lr"])), step=1)


def test_a_function_logs_into_its_trial_from_a_worker(tmp_path: Path) -> None:
    sweep = sweeps.Sweep(
        function, parameters={"lr": {"min": 0.0, "max": 1.0}}, metric="loss", method="random", run_cap=3
    )
    result = sweeps.run(sweep, store=tmp_path / "store", seed=3, executor="processes")
    assert [trial.value for trial in result.trials] == [trial.params["lr"] for trial in result.trials]


def test_without_the_server_nobody_is_told_of_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "find_spec", lambda _: None)
    text = "import os, tracker\nassert 'MLFLOW_RUN_ID' not in os.environ\ntracker.current_run().log({'loss': 1.0})\n"
    sweep = script(tmp_path, text, {"name": "loss"})
    assert sweeps.run(sweep, store=tmp_path / "store").count(sweeps.TrialState.COMPLETE) == len(POINTS)


def test_past_proxies_this_machine_is_reached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("no_proxy", "example.org")
    text = """
import os, urllib.request
assert os.environ["no_proxy"] == os.environ["NO_PROXY"] == "example.org,127.0.0.1"
import mlflow
mlflow.log_metric("loss", 1.0)
"""
    sweep = script(tmp_path, text, {"name": "loss"})
    assert sweeps.run(sweep, store=tmp_path / "store", trials=1).count(sweeps.TrialState.COMPLETE) == 1
