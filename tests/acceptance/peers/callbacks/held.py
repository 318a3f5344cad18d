"""Tell what a server holds of an experiment, as MLflow's client reads it: runs in MLflow's environment.

    python held.py EXPERIMENT > HELD

IDs, addresses, folders and times are left out, so that two servers can be given the same program and be compared.
"""

from __future__ import annotations

import json
import math
import re
import sys
from collections.abc import Iterable, Sequence
from typing import Any

import mlflow  # type: ignore[import-not-found, unused-ignore]

Told = dict[str, Any]
CHANGING = (
    (re.compile(r"m-[0-9a-f]{32}"), "MODEL"),
    (re.compile(r"[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}"), "ID"),
    (re.compile(r"http://[\w.:]+/"), "SERVER/"),
    (re.compile(r"mlflow-artifacts:/\d+"), "FILES"),
    (re.compile(r"/[^\s'\",]*/(there|ours|theirs)(?=[/'\",\s]|$)"), "FOLDER"),
    (re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d[.\d]*"), "TIME"),
    (re.compile(r"\b1\d{12}\b"), "TIME"),
)
# The names that MLflow makes up: an adjective, a noun and a number.
MADE_UP = re.compile(r"[a-z]+-[a-z]+-\d+")
# What is another value at each time, or tells how it was started.
TELLING = ("mlflow.user", "mlflow.source", "mlflow.runName")


def general(text: str) -> str:
    """Return a text without what differs from one time to the next."""
    for pattern, name in CHANGING:
        text = pattern.sub(name, text)
    return text


def run(client: mlflow.MlflowClient, found: Any, models: dict[str, str]) -> Told:  # noqa: ANN401  # MLflow's run
    """Tell of a run."""
    run_id, data = found.info.run_id, client.get_run(found.info.run_id).data
    return {
        "name": MADE_UP.sub("MADE-UP", found.info.run_name),
        "status": found.info.status,
        "ended": found.info.end_time is not None,
        "params": {key: general(value) for key, value in sorted(data.params.items())},
        "tags": {key: told_tag(key, value) for key, value in sorted(data.tags.items())},
        "metrics": {key: curve(key, client.get_metric_history(run_id, key)) for key in sorted(data.metrics)},
        "files": list(files(client, run_id)),
        "datasets": sorted(
            [each.dataset.name, each.dataset.digest, *tags(each)] for each in found.inputs.dataset_inputs
        ),
        "models": sorted([models.get(each.model_id, "?"), each.step] for each in found.outputs.model_outputs),
    }


def told_tag(key: str, value: str) -> str:
    """Return a tag's value, or only that there is one."""
    return "…" if key.startswith(TELLING) else general(value)


def tags(told: Any) -> list[str]:  # noqa: ANN401  # an input of MLflow's
    """Return the tags of a run's input."""
    return sorted(f"{each.key}={each.value}" for each in told.tags)


def curve(key: str, points: Sequence[Any]) -> list[Any]:
    """Return a metric's steps, and how many of its values are finite: what is measured differs from time to time.

    Of what is measured by the clock only that there is some of it.
    """
    if key.startswith("system/"):
        return [bool(points)]
    return [sorted(each.step for each in points), sum(math.isfinite(each.value) for each in points)]


def files(client: mlflow.MlflowClient, run_id: str, folder: str | None = None) -> Iterable[str]:
    """Return the paths of a run's files."""
    for each in client.list_artifacts(run_id, folder):
        if each.is_dir:
            yield from files(client, run_id, each.path)
        else:
            yield general(re.sub(r"\+(\d+\+)?[\w-]+(?=(%23|#|\+)?[\w]*\.(png|webp)$)", "+…", each.path))


def model(client: mlflow.MlflowClient, found: Any) -> Told:  # noqa: ANN401  # MLflow's logged model
    """Tell of a logged model."""
    return {
        "name": found.name,
        "status": str(found.status),
        "type": found.model_type,
        "params": {key: general(value) for key, value in sorted(found.params.items())},
        "tags": {key: told_tag(key, value) for key, value in sorted(found.tags.items())},
        "metrics": sorted([each.key, each.step, each.dataset_name or ""] for each in found.metrics or ()),
        "files": sorted(each.path for each in client.list_logged_model_artifacts(found.model_id)),
    }


def main() -> None:
    """Tell of the experiment named on the command line."""
    client = mlflow.MlflowClient()
    experiment = client.get_experiment_by_name(sys.argv[1])
    ids = [experiment.experiment_id]
    found = list(client.search_logged_models(ids, max_results=1000))
    models = [model(client, each) for each in found]
    names = {each.model_id: each.name for each in found}
    runs = [run(client, each, names) for each in client.search_runs(ids, max_results=1000)]
    told = {"tags": experiment.tags, "runs": in_order(runs), "models": in_order(models)}
    print(json.dumps(told))  # noqa: T201  # the answer


def in_order(told: Iterable[Told]) -> list[Told]:
    """Sort by all that is told: what was logged at one millisecond has no other order."""
    return sorted(told, key=lambda each: json.dumps(each, sort_keys=True))


if __name__ == "__main__":
    main()
