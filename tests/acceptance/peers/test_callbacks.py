"""Autologgers, loggers and callbacks log here what they log to MLflow's own server, and it is found again in our words.

Each program of `callbacks/` is run twice, against MLflow's server and against ours: the same requests are answered
alike, and MLflow's client reads the same back from both. Then our own Python API reads it from the store.

    PEER_ENVIRONMENTS=DIR python -m pytest -m campaign tests/acceptance/peers/test_callbacks.py
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import tracker
from tracker import RunInfo, Tracker

from .both_servers import Program, Server, mlflow_server, our_server

pytestmark = [pytest.mark.campaign, pytest.mark.timeout(1800)]
POINTS, RACERS = 10_000, 8


@dataclass(frozen=True)
class Servers:
    """Both servers, and the store that ours serves."""

    ours: Server
    theirs: Server
    store: Path

    def run(self, name: str, experiment: str) -> Program:
        """Run a program against both, and hold ours to MLflow's; return what ran against ours."""
        theirs, ours = self.theirs.run(name, experiment), self.ours.run(name, experiment)
        assert ours.answers == theirs.answers
        assert ours.held == theirs.held
        return ours


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    folder = tmp_path_factory.mktemp("servers")
    with our_server(folder) as ours, mlflow_server(folder) as theirs:
        yield Servers(ours, theirs, folder / "store")


@pytest.fixture
def t(servers: Servers) -> Iterator[Tracker]:
    with tracker.open(servers.store) as opened:
        yield opened


def run_named(t: Tracker, experiment: str, name: str) -> RunInfo:
    (found,) = t.search_runs(experiment_names=[experiment], filter_string=f"run_name = '{name}'")
    return found


def steps(t: Tracker, run: RunInfo, key: str) -> list[int]:
    return [int(step) for step in t.metric_history(run.run_id, key).steps]


def require_bytes(t: Tracker, run: RunInfo, path: str, original: Path, folder: Path) -> None:
    there = folder / run.run_id
    if not there.exists():
        t.download(run.run_id, there)
    assert (there / path).read_bytes() == original.read_bytes()


def test_scikit_learn(servers: Servers, t: Tracker) -> None:
    servers.run("sklearn_autolog", "sklearn")
    grid = run_named(t, "sklearn", "grid")
    children = t.children(grid.run_id)
    assert sorted(str(child.params["C"]) for child in children) == ["0.01", "0.1", "1.0"]
    best = max(children, key=lambda child: child.metrics["mean_test_score"])
    assert grid.params["best_C"] == best.params["C"]
    assert grid.metrics["best_cv_score"] == best.metrics["mean_test_score"]
    pipeline = run_named(t, "sklearn", "pipeline")
    assert (pipeline.status, pipeline.params["logisticregression__C"]) == ("FINISHED", "0.5")
    assert {model.name for model in t.search_logged_models(experiment_names=["sklearn"])} >= {"model", "best_estimator"}


def test_checkpoints_of_pytorch(servers: Servers, t: Tracker, tmp_path: Path) -> None:
    servers.run("torch_checkpoints", "torch")
    run = run_named(t, "torch", "loop")
    assert steps(t, run, "loss") == steps(t, run, "mse") == [0, 1, 2, 3]
    ranked = t.rank("mse", goal="minimize", dataset="validation", experiment_names=["torch"])
    assert len(ranked) == 4
    assert {model.run_id for model in ranked} == {run.run_id}
    assert sorted(model.step for model in ranked if model.step is not None) == [0, 1, 2, 3]
    assert "model_id: " + ranked[0].model_id in (ranked[0].download(tmp_path / "best") / "MLmodel").read_text("utf-8")


def test_lightning(servers: Servers, t: Tracker, tmp_path: Path) -> None:
    ran = servers.run("lightning_loggers", "lightning")
    assert run_named(t, "lightning", "autolog").params["optimizer_name"] == "SGD"
    for name in ("at the end", "at once"):
        run = run_named(t, "lightning", name)
        assert (run.status, run.params, run.tags["team"]) == ("FINISHED", {"lr": "0.05"}, "a")
        assert steps(t, run, "val_loss") == [3, 7, 11]
        for checkpoint in (ran.folder / name.replace(" ", "-")).glob("*.ckpt"):
            require_bytes(t, run, f"{checkpoint.stem}/{checkpoint.name}", checkpoint, tmp_path)


def test_transformers(servers: Servers, t: Tracker, tmp_path: Path) -> None:
    ran = servers.run("transformers_trainer", "transformers")
    run = run_named(t, "transformers", "tiny")
    assert (run.status, run.params["hidden_size"], run.tags["team"]) == ("FINISHED", "8", "a")
    assert steps(t, run, "loss") == [2, 4, 6, 8]
    assert steps(t, run, "eval_loss") == [4, 8]
    models = {model.name: model for model in t.search_logged_models(experiment_names=["transformers"])}
    assert models.keys() == {"checkpoint-4", "checkpoint-8"}
    for name, model in models.items():
        weights = f"{name}/model.safetensors"
        files = model.download(tmp_path / name)
        assert (files / "artifacts" / weights).read_bytes() == (ran.folder / "out" / weights).read_bytes()


def test_ultralytics(servers: Servers, t: Tracker, tmp_path: Path) -> None:
    ran = servers.run("ultralytics_training", "ultralytics")
    run = run_named(t, "ultralytics", "tiny")
    assert (run.status, run.params["imgsz"], run.params["epochs"]) == ("FINISHED", "32", "2")
    assert steps(t, run, "train/box_loss") == [0, 1]
    # The best weights are measured once more at the end.
    assert steps(t, run, "metrics/mAP50-95B") == [0, 1, 2]
    (best,) = ran.folder.rglob("best.pt")
    require_bytes(t, run, "weights/best.pt", best, tmp_path)
    require_bytes(t, run, "args.yaml", best.parents[1] / "args.yaml", tmp_path)


def test_everyday_calls(servers: Servers, t: Tracker, tmp_path: Path) -> None:
    ran = servers.run("everyday_calls", "everyday")
    run = run_named(t, "everyday", "kinds of files")
    assert [child.name for child in t.children(run.run_id)] == ["child"]
    assert {each.name for each in t.datasets([run.experiment_id])} == {"frame"}
    require_bytes(t, run, "text with space.txt", ran.folder / "copy" / "text with space.txt", tmp_path)
    table = json.loads((tmp_path / run.run_id / "table.json").read_text("utf-8"))
    assert table == {"columns": ["question", "score"], "data": [["q1", 1], ["q2", 2]]}
    assert run_named(t, "everyday", "broken").status == "FAILED"
    assert any(key.startswith("system/") for key in run_named(t, "everyday", "system").metrics)
    (classifier,) = t.search_logged_models(experiment_names=["everyday"], datasets=[{"dataset_name": "frame"}])
    assert classifier.name == "classifier"


def test_methods_and_traps(servers: Servers) -> None:
    servers.run("methods_and_traps", "raced")


def test_points_that_nobody_waits_for(servers: Servers, t: Tracker) -> None:
    # MLflow's own server takes minutes for these.
    servers.ours.run("many_points", "many")
    run = run_named(t, "many", "many points")
    assert run.params == {"lr": "0.1"}
    history = t.metric_history(run.run_id, "loss")
    assert history.steps.tolist() == list(range(POINTS))
    assert history.values.tolist() == [1 / (step + 1) for step in range(POINTS)]


def test_a_race_for_one_experiment(servers: Servers, t: Tracker) -> None:
    servers.ours.run("racing_starts", "race")
    (experiment,) = t.search_experiments(filter_string="name = 'race'")
    runs = t.search_runs(experiment_ids=[experiment.experiment_id])
    assert sorted(str(run.params["number"]) for run in runs) == [str(number) for number in range(RACERS)]
