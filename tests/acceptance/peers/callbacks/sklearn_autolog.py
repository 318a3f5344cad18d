"""scikit-learn's autologging: a classifier, a pipeline, and a grid search with its child runs."""

from __future__ import annotations

import mlflow
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

x, y = load_iris(return_X_y=True, as_frame=True)
mlflow.set_experiment("sklearn")
mlflow.sklearn.autolog(max_tuning_runs=3)

with mlflow.start_run(run_name="plain") as run:
    plain = LogisticRegression(max_iter=300).fit(x, y)
    plain.score(x, y)
with mlflow.start_run(run_name="pipeline"):
    make_pipeline(StandardScaler(), LogisticRegression(C=0.5)).fit(x, y)
with mlflow.start_run(run_name="grid"):
    GridSearchCV(LogisticRegression(max_iter=300), {"C": [0.01, 0.1, 1.0]}, cv=2).fit(x, y)

(logged,) = mlflow.search_logged_models(
    experiment_ids=[run.info.experiment_id], filter_string=f"source_run_id = '{run.info.run_id}'", output_format="list"
)
assert (mlflow.sklearn.load_model(logged.model_uri).predict(x) == plain.predict(x)).all()
