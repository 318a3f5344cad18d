"""Experiments over MLflow's protocol."""

from __future__ import annotations

import secrets

import pytest

from .conftest import Mlflow


def test_the_default_one_is_there(mlflow: Mlflow) -> None:
    found = mlflow.get("experiments/get", experiment_id="0")["experiment"]
    assert (found["name"], found["artifact_location"], found["lifecycle_stage"]) == (
        "Default",
        "mlflow-artifacts:/0",
        "active",
    )
    assert "tags" not in found


def test_one_is_made_and_found_by_id_and_by_name(mlflow: Mlflow) -> None:
    name = secrets.token_hex(8)
    made = mlflow.post("experiments/create", name=name, tags=[{"key": "team", "value": "a"}])["experiment_id"]
    found = mlflow.get("experiments/get", experiment_id=made)["experiment"]
    assert found == mlflow.get("experiments/get-by-name", experiment_name=name)["experiment"]
    assert found["tags"] == [{"key": "team", "value": "a"}]
    page = mlflow.post("experiments/search", max_results=10, filter=f"name = '{name}'")
    assert page == {"experiments": [found]}


def test_a_taken_name_is_refused_with_400_also_where_it_is_deleted(mlflow: Mlflow) -> None:
    name = secrets.token_hex(8)
    made = mlflow.post("experiments/create", name=name)["experiment_id"]
    assert mlflow.post("experiments/create", 400, name=name)["error_code"] == "RESOURCE_ALREADY_EXISTS"
    mlflow.post("experiments/delete", experiment_id=made)
    refused = mlflow.post("experiments/create", 400, name=name)
    assert refused["error_code"] == "RESOURCE_ALREADY_EXISTS"
    assert "deleted state" in refused["message"]


def test_deleting_twice_and_restoring_what_is_active_is_404(mlflow: Mlflow) -> None:
    made = mlflow.experiment()
    mlflow.post("experiments/restore", 404, experiment_id=made)
    mlflow.post("experiments/delete", experiment_id=made)
    mlflow.post("experiments/delete", 404, experiment_id=made)
    assert mlflow.post("runs/create", 400, experiment_id=made)["error_code"] == "INVALID_PARAMETER_VALUE"
    deleted = mlflow.post("experiments/search", max_results=1000, view_type="DELETED_ONLY")["experiments"]
    assert made in {each["experiment_id"] for each in deleted}
    mlflow.post("experiments/restore", experiment_id=made)


def test_tags_and_names_change(mlflow: Mlflow) -> None:
    made, name = mlflow.experiment(), secrets.token_hex(8)
    mlflow.post("experiments/update", experiment_id=made, new_name=name)
    mlflow.post("experiments/set-experiment-tag", experiment_id=made, key="a", value="1")
    mlflow.post("experiments/set-experiment-tag", experiment_id=made, key="b", value="2")
    mlflow.post("experiments/delete-experiment-tag", experiment_id=made, key="a")
    found = mlflow.get("experiments/get", experiment_id=made)["experiment"]
    assert (found["name"], found["tags"]) == (name, [{"key": "b", "value": "2"}])
    mlflow.post("experiments/delete-experiment-tag", 404, experiment_id=made, key="a")


@pytest.mark.parametrize(
    ("path", "fields", "status", "message"),
    [
        ("create", {}, 400, "Missing value for required parameter 'name'."),
        ("create", {"name": ""}, 400, "Missing value for required parameter 'name'."),
        ("create", {"name": 5}, 400, "Invalid value 5 for parameter 'name' supplied"),
        ("create", {"name": "x" * 501}, 400, "exceeds the maximum length of 500"),
        ("search", {}, 400, "Invalid value 0 for parameter 'max_results'"),
        ("search", {"max_results": 50_001}, 400, "Invalid value 50001 for parameter 'max_results'"),
        ("search", {"max_results": 5, "page_token": "x"}, 400, "page token"),
        ("search", {"max_results": 5, "filter": "bogus ="}, 400, "bogus"),
        ("search", {"max_results": 5, "view_type": "SOME"}, 400, "Invalid value \"SOME\" for parameter 'view_type'"),
        ("delete", {"experiment_id": "99999"}, 404, "99999"),
        ("update", {"experiment_id": "0"}, 400, "'new_name'"),
    ],
)
def test_what_cannot_be_is_refused(
    mlflow: Mlflow, path: str, fields: dict[str, object], status: int, message: str
) -> None:
    assert message in mlflow.post(f"experiments/{path}", status, **fields)["message"]
