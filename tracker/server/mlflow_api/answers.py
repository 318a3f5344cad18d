"""What is stored, as MLflow's protocol shows it: no empty lists, no unset fields; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ...entities import Experiment, RunInfo, RunLinks
from ...entities.dataset import DatasetInfo
from ...journal import spelled

Json = dict[str, Any]
NAME_TAG, PARENT_TAG, USER_TAG = "mlflow.runName", "mlflow.parentRunId", "mlflow.user"


def experiment(found: Experiment) -> Json:
    """Return an experiment."""
    return filled(
        {
            "experiment_id": found.experiment_id,
            "name": found.name,
            "artifact_location": found.artifact_location or f"mlflow-artifacts:/{found.experiment_id}",
            "lifecycle_stage": found.lifecycle_stage,
            "last_update_time": found.last_update_time,
            "creation_time": found.creation_time,
            "tags": pairs(found.tags),
        }
    )


def run(found: RunInfo, links: RunLinks | None = None) -> Json:
    """Return a run with its data."""
    tags = {NAME_TAG: found.name, **found.tags}
    if found.parent_run_id is not None:
        tags[PARENT_TAG] = found.parent_run_id
    metrics = [
        {"key": key, "value": spelled(each.last), "timestamp": each.last_timestamp, "step": each.last_step}
        for key, each in found.summaries.items()
    ]
    params = [{"key": key, "value": str(value)} for key, value in found.params.items()]
    data = filled({"metrics": metrics, "params": params, "tags": pairs(tags)})
    told = {"info": run_info(found), "data": data}
    if links is not None:
        inputs = {
            "dataset_inputs": [dataset_input(info, said) for info, said in links.datasets],
            "model_inputs": [{"model_id": model_id} for model_id in links.models],
        }
        outputs = {"model_outputs": [{"model_id": model_id, "step": step} for model_id, step in links.outputs]}
        told |= {"inputs": filled(inputs), "outputs": filled(outputs)}
    return told


def run_info(found: RunInfo) -> Json:
    """Return a run without its data."""
    return filled(
        {
            "run_uuid": found.run_id,
            "run_id": found.run_id,
            "run_name": found.name,
            "experiment_id": found.experiment_id,
            "user_id": found.user_id or found.tags.get(USER_TAG, ""),
            "status": str(found.status),
            "start_time": found.start_time,
            "end_time": found.end_time,
            "artifact_uri": found.artifact_uri,
            "lifecycle_stage": found.lifecycle_stage,
        }
    )


def dataset_input(info: DatasetInfo, tags: Mapping[str, str]) -> Json:
    """Return a dataset that a run uses."""
    dataset = {
        "name": info.name,
        "digest": info.digest,
        "source_type": info.source_type,
        "source": info.source,
        "schema": info.schema or None,
        "profile": info.profile or None,
    }
    return filled({"tags": pairs(tags), "dataset": filled(dataset)})


def pairs(texts: Mapping[str, str]) -> list[Json]:
    """Return texts by name as the protocol has them."""
    return [{"key": key, "value": value} for key, value in texts.items()]


def filled(told: Mapping[str, Any]) -> Json:
    """Leave out what is unset or an empty list."""
    return {name: value for name, value in told.items() if value is not None and value != []}


def page(name: str, items: Iterable[Json], token: str | None) -> Json:
    """Return a page of something, and where the next one begins."""
    return filled({name: list(items), "next_page_token": token})
