"""Ten thousand points, logged without waiting, and read back."""

from __future__ import annotations

import mlflow

POINTS = 10_000
mlflow.set_experiment("many")
with mlflow.start_run(run_name="many points") as run:
    for step in range(POINTS):
        mlflow.log_metrics({"loss": 1 / (step + 1)}, step=step, synchronous=False)
    mlflow.log_params({"lr": 0.1}, synchronous=False).wait()
    mlflow.flush_async_logging()
history = mlflow.MlflowClient().get_metric_history(run.info.run_id, "loss")
assert sorted(point.step for point in history) == list(range(POINTS))
