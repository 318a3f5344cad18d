"""Registered models over MLflow's protocol."""

from __future__ import annotations

import secrets
from typing import Any

import httpx
import pytest

from .conftest import Mlflow


def made(mlflow: Mlflow, **fields: object) -> str:
    name = secrets.token_hex(8)
    mlflow.post("registered-models/create", name=name, **fields)
    return name


def version(mlflow: Mlflow, name: str, source: str = "s3://bucket/x", **fields: object) -> Any:  # noqa: ANN401  # JSON
    return mlflow.post("model-versions/create", name=name, source=source, **fields)["model_version"]


def model(mlflow: Mlflow, name: str) -> Any:  # noqa: ANN401  # any JSON
    return mlflow.get("registered-models/get", name=name)["registered_model"]


def test_one_is_made_changed_and_deleted(mlflow: Mlflow) -> None:
    tags = [{"key": "a", "value": "1"}, {"key": "a", "value": "2"}]
    name = made(mlflow, description="d", tags=tags)
    found = model(mlflow, name)
    times = found.pop("creation_timestamp"), found.pop("last_updated_timestamp")
    assert times[0] == times[1] > 1e12
    assert found == {"name": name, "description": "d", "tags": [{"key": "a", "value": "2"}]}
    changed = mlflow.ask("PATCH", "registered-models/update", 200, name=name, description="e")["registered_model"]
    assert (changed["description"], changed["creation_timestamp"]) == ("e", times[0])
    mlflow.post("registered-models/rename", name=name, new_name=f"{name}-2")
    mlflow.get("registered-models/get", 404, name=name)
    mlflow.ask("DELETE", "registered-models/delete", 200, name=f"{name}-2")
    gone = mlflow.ask("DELETE", "registered-models/delete", 404, name=f"{name}-2")
    assert gone == {
        "error_code": "RESOURCE_DOES_NOT_EXIST",
        "message": f"Registered Model with name={name}-2 not found",
    }
    mlflow.post("registered-models/create", name=name)


def test_a_name_is_taken_once(mlflow: Mlflow) -> None:
    name, other = made(mlflow), made(mlflow)
    prompt = [{"key": "mlflow.prompt.is_prompt", "value": "true"}]
    for fields in ({}, {"tags": prompt}):
        refused = mlflow.post("registered-models/create", 400, name=name, **fields)
        assert refused["error_code"] == "RESOURCE_ALREADY_EXISTS"
        assert "already" in refused["message"]
    refused = mlflow.post("registered-models/rename", 400, name=other, new_name=name)
    assert refused["error_code"] == "RESOURCE_ALREADY_EXISTS"
    assert mlflow.post("registered-models/rename", name=name, new_name=name)["registered_model"]["name"] == name


def test_tags_come_and_go(mlflow: Mlflow) -> None:
    name = made(mlflow)
    mlflow.post("registered-models/set-tag", name=name, key="a", value="1")
    mlflow.post("registered-models/set-tag", name=name, key="b")
    for _ in range(2):
        mlflow.ask("DELETE", "registered-models/delete-tag", 200, name=name, key="a")
    assert model(mlflow, name)["tags"] == [{"key": "b", "value": ""}]
    mlflow.ask("DELETE", "registered-models/delete-tag", 404, name="none", key="a")


def test_an_alias_moves_and_goes(mlflow: Mlflow) -> None:
    name = made(mlflow)
    version(mlflow, name)
    version(mlflow, name)
    for number in ("1", "2"):
        mlflow.post("registered-models/alias", name=name, alias="best", version=number)
    mlflow.post("registered-models/alias", name=name, alias="Champion_1", version="1")
    aliases = [{"alias": "Champion_1", "version": "1"}, {"alias": "best", "version": "2"}]
    assert model(mlflow, name)["aliases"] == aliases
    found = mlflow.get("registered-models/alias", name=name, alias="best")["model_version"]
    assert (found["version"], found["aliases"]) == ("2", ["best"])
    assert mlflow.get("registered-models/alias", name=name, alias="LATEST")["model_version"]["version"] == "2"
    for _ in range(2):
        mlflow.ask("DELETE", "registered-models/alias", 200, name=name, alias="best")
    refused = mlflow.get("registered-models/alias", 400, name=name, alias="best")
    assert refused["error_code"] == "INVALID_PARAMETER_VALUE"
    assert refused["message"] == "Registered model alias best not found."
    mlflow.get("registered-models/alias", 404, name="none", alias="best")
    mlflow.post("registered-models/alias", 404, name=name, alias="best", version="3")
    mlflow.get("registered-models/alias", 404, name=made(mlflow), alias="latest")


def test_the_newest_of_each_stage_is_told(mlflow: Mlflow) -> None:
    name = made(mlflow)
    for stage in ("Staging", "production", "staging", "None"):
        number = version(mlflow, name)["version"]
        mlflow.post("model-versions/transition-stage", name=name, version=number, stage=stage)
    told = {each["current_stage"]: each["version"] for each in model(mlflow, name)["latest_versions"]}
    assert told == {"Production": "2", "Staging": "3", "None": "4"}
    for ask in (mlflow.get, mlflow.post):
        found = ask("registered-models/get-latest-versions", name=name, stages=["STAGING", "Archived"])
        assert [each["version"] for each in found["model_versions"]] == ["3"]
        found = ask("registered-models/get-latest-versions", name=name)
        assert [each["version"] for each in found["model_versions"]] == ["2", "3", "4"]
    refused = mlflow.get("registered-models/get-latest-versions", 400, name=name, stages=["x"])
    assert "Invalid Model Version stage: x" in refused["message"]
    assert mlflow.get("registered-models/get-latest-versions", name=made(mlflow)) == {}


def search(mlflow: Mlflow, **fields: object) -> list[str]:
    found = mlflow.get("registered-models/search", **fields)
    return [each["name"] for each in found.get("registered_models", [])]


def test_they_are_searched_in_order_page_by_page(mlflow: Mlflow) -> None:
    mark = secrets.token_hex(8)
    names = [f"{mark}-{letter}" for letter in "bCa"]
    for number, name in enumerate(names):
        tags = [{"key": "mark", "value": mark}, {"key": "n", "value": str(number)}]
        mlflow.post("registered-models/create", name=name, tags=tags)
    mine = f"name LIKE '{mark}%'"
    assert search(mlflow, filter=mine) == sorted(names)
    times = {name: model(mlflow, name)["last_updated_timestamp"] for name in names}
    newest_first = sorted(names, key=lambda name: (-times[name], name))
    assert search(mlflow, filter=mine, order_by=["timestamp DESC"]) == newest_first
    assert search(mlflow, filter=f"name ILIKE '{mark}-C' OR name = '{mark}-a'") == [names[1], names[2]]
    assert search(mlflow, filter=f"tags.mark = '{mark}' AND tags.n != '1'") == [names[2], names[0]]
    first = mlflow.get("registered-models/search", filter=mine, max_results=2)
    assert len(first["registered_models"]) == 2
    assert search(mlflow, filter=mine, max_results=2, page_token=first["next_page_token"]) == [names[0]]
    refused = mlflow.get("registered-models/search", 400, filter="", page_token=first["next_page_token"])
    assert "page token" in refused["message"]


def test_prompts_are_shown_to_who_asks_for_them(mlflow: Mlflow) -> None:
    tag = "mlflow.prompt.is_prompt"
    name = made(mlflow, tags=[{"key": tag, "value": "true"}])
    mine = f"name = '{name}'"
    hidden = [mine, f"{mine} AND tags.`{tag}` = 'false'", f"{mine} AND tags.`{tag}` != 'true'"]
    shown = [f"{mine} AND tags.`{tag}` = 'true'", f"tags.{tag} != 'false' AND {mine}"]
    assert [search(mlflow, filter=text) for text in hidden] == [[], [], []]
    assert [search(mlflow, filter=text) for text in shown] == [[name], [name]]
    other = made(mlflow)
    found = [search(mlflow, filter=text.replace(name, other)) for text in [*hidden, *shown]]
    assert found == [[other], [other], [other], [], []]


@pytest.mark.parametrize(
    ("verb", "path", "fields", "status", "message"),
    [
        ("POST", "create", {}, 400, "Missing value for required parameter 'name'."),
        ("POST", "create", {"name": "  "}, 400, "Missing value for required parameter 'name'."),
        ("POST", "create", {"name": "a/b"}, 400, "Invalid model name 'a/b'. Names cannot contain '/' or ':'."),
        ("POST", "create", {"name": "a:b"}, 400, "Names cannot contain '/' or ':'."),
        ("POST", "create", {"name": ".."}, 400, "Invalid value \"..\" for parameter 'name' supplied"),
        ("POST", "create", {"name": "x" * 257}, 400, "exceeds the maximum length of 256"),
        ("POST", "create", {"name": "a\0"}, 400, "NUL"),
        ("POST", "create", {"name": "x", "tags": [{"key": "("}]}, 400, "Invalid value \"(\" for parameter 'key'"),
        ("POST", "create", {"name": "x", "tags": [{"key": "k" * 251}]}, 400, "exceeds the maximum length of 250"),
        ("POST", "set-tag", {"name": "x", "key": "k", "value": "v" * 100_001}, 400, "maximum length of 100000"),
        ("POST", "set-tag", {"name": "x"}, 400, "Missing value for required parameter 'key'."),
        ("POST", "set-tag", {"name": "x", "key": "k"}, 404, "Registered Model with name=x not found"),
        ("POST", "rename", {"name": "x"}, 400, "Missing value for required parameter 'new_name'."),
        ("POST", "rename", {"name": "x", "new_name": "a/b"}, 400, "Invalid model name 'a/b'"),
        ("POST", "rename", {"name": "x", "new_name": "y"}, 404, "Registered Model with name=x not found"),
        ("PATCH", "update", {"name": "x"}, 404, "Registered Model with name=x not found"),
        ("GET", "get", {}, 400, "Missing value for required parameter 'name'."),
        ("GET", "search", {"max_results": 1001}, 400, "Invalid value 1001 for parameter 'max_results' supplied"),
        ("GET", "search", {"max_results": -1}, 400, "Invalid value -1 for parameter 'max_results' supplied"),
        ("GET", "search", {"max_results": "x"}, 400, "Invalid value \"x\" for parameter 'max_results' supplied"),
        ("GET", "search", {"filter": "metrics.a > 1"}, 400, "unknown entity 'metrics'"),
        ("GET", "search", {"filter": "bogus = 'x'"}, 400, "unknown attribute 'bogus'"),
        ("GET", "search", {"order_by": ["bogus"]}, 400, "unknown attribute 'bogus'"),
        ("GET", "search", {"page_token": "x"}, 400, "page token"),
        ("POST", "alias", {"name": "x", "version": "1"}, 400, "Missing value for required parameter 'alias'."),
        ("POST", "alias", {"name": "x", "alias": "a"}, 400, "Missing value for required parameter 'version'."),
        ("POST", "alias", {"name": "x", "alias": "Latest", "version": "1"}, 400, "'latest' alias name (case"),
        ("POST", "alias", {"name": "x", "alias": "V12", "version": "1"}, 400, "Version alias name 'V12' is reserved."),
        ("POST", "alias", {"name": "x", "alias": "a b", "version": "1"}, 400, "Invalid alias name: 'a b'"),
        ("POST", "alias", {"name": "x", "alias": "a\n", "version": "1"}, 400, "Invalid alias name"),
        ("POST", "alias", {"name": "x", "alias": "a" * 256, "version": "1"}, 400, "exceeds the maximum length of 255"),
        ("POST", "alias", {"name": "x", "alias": "a", "version": "y"}, 400, "'version' must be an integer, got 'y'."),
        ("DELETE", "alias", {"name": "x", "alias": "v12"}, 404, "Registered Model with name=x not found"),
        ("POST", "get-latest-versions", {"name": "x"}, 404, "Registered Model with name=x not found"),
    ],
)
def test_what_cannot_be_is_refused(
    mlflow: Mlflow, verb: str, path: str, fields: dict[str, object], status: int, message: str
) -> None:
    assert message in mlflow.ask(verb, f"registered-models/{path}", status, **fields)["message"]


@pytest.mark.parametrize(("verb", "path"), [("POST", "search"), ("GET", "create"), ("POST", "update")])
def test_other_methods_are_refused(http: httpx.Client, verb: str, path: str) -> None:
    answer = http.request(verb, f"/api/2.0/mlflow/registered-models/{path}", json={})
    assert answer.status_code == httpx.codes.METHOD_NOT_ALLOWED


def test_pages_reach_them_by_their_own_paths(http: httpx.Client, mlflow: Mlflow) -> None:
    name = made(mlflow)
    answer = http.get("/ajax-api/2.0/mlflow/registered-models/get", params={"name": name})
    assert answer.json()["registered_model"]["name"] == name
