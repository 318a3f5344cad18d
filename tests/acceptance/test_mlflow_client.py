"""The unmodified `mlflow` package, in a program of its own, against the server."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import tracker

pytest.importorskip("mlflow")

# It is run against MLflow's own server too, with the peers.
METHODS = Path(__file__).parent / "peers" / "callbacks" / "methods_and_traps.py"

PROGRAM = r"""
import math, os, tempfile
import mlflow
from mlflow import MlflowClient
from mlflow.entities import Dataset, DatasetInput, InputTag
from mlflow.exceptions import MlflowException

client = MlflowClient()
experiment = mlflow.set_experiment("digits")
assert experiment.name == "digits" and experiment.artifact_location.startswith("mlflow-artifacts:/")
with mlflow.start_run(run_name="first", tags={"a": "b"}, description="hello") as run:
    mlflow.log_param("lr", 0.1)
    mlflow.log_params({"x": 1, "y": "z"})
    mlflow.log_metric("loss", 0.5, step=1)
    mlflow.log_metric("loss", 0.25, step=2)
    mlflow.log_metrics({"one": 1.0, "nan": math.nan, "inf": math.inf}, step=3)
    for step in range(25):
        mlflow.log_metric("later", step, step=step, synchronous=False)
    mlflow.flush_async_logging()
    mlflow.set_tags({"k": 1})
    mlflow.log_text("hello", "dir/x.txt")
    mlflow.log_dict({"a": 1}, "d.json")
    folder = tempfile.mkdtemp()
    data = os.urandom(2_000_000)
    with open(os.path.join(folder, "f+g h.bin"), "wb") as file:
        file.write(data)
    mlflow.log_artifacts(folder, "more")
    with mlflow.start_run(nested=True) as child:
        mlflow.log_metric("loss", 1)
    model = mlflow.initialize_logged_model("net", params={"p": 1}, tags={"q": "r"})
    mlflow.log_metric("acc", 0.9, step=4, model_id=model.model_id)
    mlflow.finalize_logged_model(model.model_id, "READY")
    used = Dataset(name="train", digest="1a", source_type="local", source="x.csv")
    client.log_inputs(run.info.run_id, [DatasetInput(used, [InputTag("mlflow.data.context", "training")])])

found = client.get_run(run.info.run_id)
assert (found.info.status, found.info.run_name) == ("FINISHED", "first")
assert found.data.params == {"lr": "0.1", "x": "1", "y": "z"}
metrics = found.data.metrics
assert math.isnan(metrics.pop("nan"))
assert metrics == {"loss": 0.25, "one": 1.0, "inf": math.inf, "later": 24.0, "acc": 0.9}
assert found.data.tags["mlflow.note.content"] == "hello" and found.data.tags["k"] == "1"
assert found.inputs.dataset_inputs[0].dataset.digest == "1a"
history = client.get_metric_history(run.info.run_id, "later")
assert sorted(point.step for point in history) == list(range(25))

where = "metrics.loss < 0.3 and params.x = '1'"
runs = mlflow.search_runs([experiment.experiment_id], where, output_format="list")
assert [each.info.run_id for each in runs] == [run.info.run_id]
assert client.get_run(child.info.run_id).data.tags["mlflow.parentRunId"] == run.info.run_id

assert [each.path for each in client.list_artifacts(run.info.run_id)] == ["d.json", "dir", "more"]
copy = client.download_artifacts(run.info.run_id, "more", tempfile.mkdtemp())
with open(os.path.join(copy, "f+g h.bin"), "rb") as file:
    assert file.read() == data
assert mlflow.artifacts.load_text(found.info.artifact_uri + "/dir/x.txt") == "hello"

(searched,) = mlflow.search_logged_models(experiment_ids=[experiment.experiment_id], output_format="list")
assert (searched.model_id, searched.status.name, searched.params) == (model.model_id, "READY", {"p": "1"})
assert [(each.key, each.value, each.run_id) for each in searched.metrics] == [("acc", 0.9, run.info.run_id)]

client.delete_run(child.info.run_id)
assert client.get_run(child.info.run_id).info.lifecycle_stage == "deleted"
client.restore_run(child.info.run_id)
for refused, code in (
    (lambda: client.log_param(run.info.run_id, "lr", "0.2"), "INVALID_PARAMETER_VALUE"),
    (lambda: client.get_run("0" * 32), "RESOURCE_DOES_NOT_EXIST"),
    (lambda: client.create_experiment("digits"), "RESOURCE_ALREADY_EXISTS"),
    (lambda: client.search_runs([experiment.experiment_id], "bogus >"), "INVALID_PARAMETER_VALUE"),
):
    try:
        refused()
    except MlflowException as problem:
        assert problem.error_code == code, problem
    else:
        raise AssertionError(code)
print("all is well", run.info.run_id)
"""


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    command = [sys.executable, "-W", "error", "-m", "tracker.cli.main", "serve", "--port", "0", "--store", "store"]
    with subprocess.Popen(command, cwd=tmp_path, env=environment(), stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        found = re.search(r"at (http://127\.0\.0\.1:\d+) ", server.stdout.readline())
        assert found is not None
        yield found[1]
        server.terminate()
        server.wait(20)


def environment(**more: str) -> dict[str, str]:
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("TRACKER_", "MLFLOW_"))}
    return {**clean, "PYTHONPATH": str(Path(tracker.__file__).parents[1]), **more}


def ran(address: str, *words: str | Path) -> str:
    """Run a program; return what it prints."""
    done = subprocess.run(
        [sys.executable, *words],
        env=environment(MLFLOW_TRACKING_URI=address, MLFLOW_HTTP_REQUEST_MAX_RETRIES="0"),
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_program_logs_searches_and_fetches_unchanged(address: str, tmp_path: Path) -> None:
    run_id = ran(address, "-c", PROGRAM).split("all is well ")[1].strip()
    with tracker.open(tmp_path / "store") as store:
        run = store.get_run(run_id)
        assert (run.experiment, run.name, run.metrics["loss"], run.params["lr"]) == ("digits", "first", 0.25, "0.1")
        assert store.metric_history(run_id, "later").steps.tolist() == list(range(25))
        (model,) = store.search_logged_models(filter_string=f"source_run_id = '{run_id}'")
        assert model.metric("acc") == 0.9


def test_each_method_answers_and_each_trap_is_known(address: str) -> None:
    assert ran(address, METHODS).splitlines()[-1] == "on_the_wire"
