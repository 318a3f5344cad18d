"""The description of the routes: whole, of the real ones, and true (other tests hold every answer to it)."""

from __future__ import annotations

import re
from collections import Counter

import httpx
import pytest
from jsonschema import Draft202012Validator, ValidationError

from tracker.server import all_routes
from tracker.server.routes import Permission

from .conftest import Mlflow
from .described import described, operation, require_described


def test_it_is_served_and_is_of_every_route(http: httpx.Client) -> None:
    told = http.get("/openapi.json").json()
    assert told == described()
    assert told["openapi"] == "3.1.0"
    routes = {(re.sub(r":path\}", "}", route.path), route.method.lower()) for route in all_routes()}
    assert {(path, method) for path, methods in told["paths"].items() for method in methods} == routes


def test_every_operation_has_a_name_of_its_own_and_says_what_it_does() -> None:
    operations = [each for methods in described()["paths"].values() for each in methods.values()]
    assert set(Counter(each["operationId"] for each in operations).values()) == {1}
    for each in operations:
        assert each["summary"].endswith(".")
        assert each["x-permission"] in set(Permission)
        assert {"4XX", "5XX"} < set(each["responses"])


def test_every_schema_is_one_and_is_there() -> None:
    schemas = described()["components"]["schemas"]
    for schema in schemas.values():
        Draft202012Validator.check_schema(schema)
    referred = set(re.findall(r"#/components/schemas/([\w.]+)", str(described())))
    assert referred == set(schemas)
    assert all(re.fullmatch(r"[\w.]+", name) and not name.startswith("tracker.") for name in schemas)


def test_paths_and_queries_and_bodies_are_told_apart() -> None:
    one = operation("GET", "/api/2.0/mlflow/logged-models/m-1")
    assert [(each["name"], each["in"]) for each in one["parameters"]] == [
        ("model_id", "path"),
        ("allow_deleted", "query"),
    ]
    assert "requestBody" not in one
    assert operation("POST", "/api/2.0/mlflow/runs/create")["requestBody"]["content"]["application/json"]
    put = operation("PUT", "/api/2.0/mlflow-artifacts/artifacts/x")
    assert list(put["requestBody"]["content"]) == ["application/octet-stream"]
    assert [each["name"] for each in operation("GET", "/get-artifact")["parameters"]] == ["run_id", "run_uuid", "path"]


def test_an_answer_that_is_not_as_described_is_found(mlflow: Mlflow) -> None:
    answer = mlflow.client.get("/api/2.0/mlflow/runs/get", params={"run_id": mlflow.run()})
    require_described(answer)
    for old, new in (('"active"', '"Active"'), ('"run_id"', '"runId"'), ('"status"', '"state"')):
        broken = httpx.Response(200, text=answer.text.replace(old, new), request=answer.request)
        with pytest.raises(ValidationError):
            require_described(broken)


def test_datasets_of_what_is_no_experiment_are_refused(mlflow: Mlflow) -> None:
    for wrong in ("", "abc", "9" * 30, "-1"):
        mlflow.post("experiments/search-datasets", 400, experiment_ids=[wrong])


@pytest.mark.parametrize(
    ("verb", "path"),
    [
        ("DELETE", "files/x"),
        ("GET", "files/x/y"),
        ("PUT", "files/x/y"),
        ("POST", "journals/x"),
        ("POST", "history"),
    ],
)
def test_a_refusal_of_a_path_of_ours_is_as_described(http: httpx.Client, verb: str, path: str) -> None:
    answer = http.request(verb, f"/api/tracker/1/{path}", headers={"content-type": "application/json"})
    assert 400 <= answer.status_code < 500
    assert set(answer.json()["error"]) == {"name", "message", "facts"} or path == "journals/x"
    require_described(answer)
