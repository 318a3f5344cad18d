"""What people call by hand: images, tables, figures, datasets, an evaluation, downloads."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl

mpl.use("agg")

import matplotlib.pyplot as plt  # after its backend is chosen
import mlflow
import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression

experiment = mlflow.set_experiment("everyday")

frame = pd.DataFrame({"a": np.arange(20.0), "b": np.arange(20.0) % 3, "target": np.arange(20) % 2})
dataset = mlflow.data.from_pandas(frame, name="frame", targets="target")
with mlflow.start_run(run_name="kinds of files", description="by hand") as kinds:
    mlflow.log_input(dataset, context="training", tags={"split": "first"})
    mlflow.log_image(np.zeros((4, 4, 3), dtype=np.uint8), "plain.png")
    for step in range(2):
        mlflow.log_image(np.full((4, 4, 3), step, dtype=np.uint8), key="shown/here", step=step)
    figure, axes = plt.subplots()
    axes.plot([1, 2])
    mlflow.log_figure(figure, "figures/line.png")
    for value in (1, 2):
        mlflow.log_table({"question": [f"q{value}"], "score": [value]}, "table.json")
    mlflow.log_dict({"a": [1]}, "nested/data.json")
    mlflow.log_text("text ü\n", "text with space.txt")
    Path("empty.bin").write_bytes(b"")
    mlflow.log_artifact("empty.bin", "nested/deeper")
    with mlflow.start_run(run_name="child", nested=True):
        mlflow.log_metric("x", 1)
table = mlflow.load_table("table.json", run_ids=[kinds.info.run_id], extra_columns=["run_id"])
assert table["score"].tolist() == [1, 2], table
copy = mlflow.artifacts.download_artifacts(run_id=kinds.info.run_id, artifact_path="", dst_path="copy")
assert Path(copy, "text with space.txt").read_text("utf-8") == "text ü\n"
assert mlflow.artifacts.load_dict(f"runs:/{kinds.info.run_id}/nested/data.json") == {"a": [1]}
assert mlflow.artifacts.load_image(f"runs:/{kinds.info.run_id}/plain.png").size == (4, 4)
source = mlflow.data.get_source(mlflow.get_run(kinds.info.run_id).inputs.dataset_inputs[0])
assert type(source).__name__ == "CodeDatasetSource", source

with mlflow.start_run(run_name="evaluated"):
    fitted = LogisticRegression().fit(frame[["a", "b"]], frame["target"])
    logged = mlflow.sklearn.log_model(fitted, name="classifier")
    result = mlflow.models.evaluate(
        logged.model_uri, dataset, model_type="classifier", evaluator_config={"log_explainer": False}
    )
    assert "accuracy_score" in result.metrics, result.metrics

mlflow.set_system_metrics_sampling_interval(0.1)
mlflow.set_system_metrics_samples_before_logging(1)
with mlflow.start_run(run_name="system", log_system_metrics=True) as run:
    # They are taken by the clock.
    while not mlflow.get_run(run.info.run_id).data.metrics:
        sum(number * number for number in range(100_000))

try:
    with mlflow.start_run(run_name="broken"):
        int("as it happens")
except ValueError:
    pass
found = mlflow.search_runs([experiment.experiment_id], "attributes.status = 'FAILED'")
assert found["tags.mlflow.runName"].tolist() == ["broken"], found
