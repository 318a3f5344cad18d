"""Versions of registered models over MLflow's protocol."""

from __future__ import annotations

import json

import httpx
import pytest

from .conftest import Mlflow
from .test_registered_models import made, model, version

NO_RUN, NO_MODEL = "0" * 32, "m-" + "0" * 32


def checkpoint(mlflow: Mlflow, run: str) -> str:
    fields = {"experiment_id": "0", "name": "net", "source_run_id": run}
    return str(mlflow.post("logged-models", **fields)["model"]["info"]["model_id"])


def put(http: httpx.Client, path: str, text: str) -> None:
    assert http.put(f"/api/2.0/mlflow-artifacts/artifacts/{path}", content=text).status_code == httpx.codes.OK


def test_one_is_made_changed_and_deleted(mlflow: Mlflow) -> None:
    name = made(mlflow)
    tags = [{"key": "a", "value": "b"}]
    first = version(mlflow, name, run_id="x", description="d", run_link="http://l", tags=tags)
    times = first.pop("creation_timestamp"), first.pop("last_updated_timestamp")
    assert times[0] == times[1] > 1e12
    assert first == {
        "name": name,
        "version": "1",
        "current_stage": "None",
        "description": "d",
        "source": "s3://bucket/x",
        "run_id": "x",
        "run_link": "http://l",
        "status": "READY",
        "tags": tags,
    }
    second = version(mlflow, name)
    assert (second["version"], second["run_id"], second["run_link"], second["description"]) == ("2", "", "", "")
    changed = mlflow.ask("PATCH", "model-versions/update", 200, name=name, version="1", description="e")
    assert changed["model_version"]["description"] == "e"
    assert mlflow.get("model-versions/get", name=name, version="01") == changed
    mlflow.ask("DELETE", "model-versions/delete", 200, name=name, version="2")
    gone = mlflow.ask("DELETE", "model-versions/delete", 404, name=name, version="2")
    assert gone["message"] == f"Model Version (name={name}, version=2) not found"
    assert version(mlflow, name)["version"] == "3"


def test_tags_come_and_go(mlflow: Mlflow) -> None:
    name = made(mlflow)
    version(mlflow, name)
    mlflow.post("model-versions/set-tag", name=name, version="1", key="a", value="1")
    mlflow.post("model-versions/set-tag", name=name, version="1", key="b", value="2")
    for _ in range(2):
        mlflow.ask("DELETE", "model-versions/delete-tag", 200, name=name, version="1", key="a")
    found = mlflow.get("model-versions/get", name=name, version="1")["model_version"]
    assert found["tags"] == [{"key": "b", "value": "2"}]
    mlflow.post("model-versions/set-tag", 404, name=name, version="2", key="a", value="1")


def test_who_comes_into_a_stage_may_archive_the_others(mlflow: Mlflow) -> None:
    name = made(mlflow)
    for number in ("1", "2"):
        version(mlflow, name)
        fields = {"version": number, "stage": "PRODUCTION", "archive_existing_versions": number == "2"}
        moved = mlflow.post("model-versions/transition-stage", name=name, **fields)["model_version"]
        assert moved["current_stage"] == "Production"
    assert mlflow.get("model-versions/get", name=name, version="1")["model_version"]["current_stage"] == "Archived"
    fields = {"version": "1", "stage": "None", "archive_existing_versions": True}
    refused = mlflow.post("model-versions/transition-stage", 400, name=name, **fields)
    assert "cannot archive existing model versions because 'None' is not an Active stage" in refused["message"]


def test_one_of_a_logged_model_tells_it_so(mlflow: Mlflow) -> None:
    name, run = made(mlflow), mlflow.run()
    net = checkpoint(mlflow, run)
    found = version(mlflow, name, f"models:/{net}", model_id=net)
    assert (found["model_id"], found["run_id"], found["source"]) == (net, run, f"models:/{net}")
    (tag,) = mlflow.get(f"logged-models/{net}")["model"]["info"]["tags"]
    assert (tag["key"], json.loads(tag["value"])) == ("mlflow.modelVersions", [{"name": name, "version": 1}])
    uri = mlflow.get("model-versions/get-download-uri", name=name, version="1")["artifact_uri"]
    assert uri == f"mlflow-artifacts:/0/models/{net}/artifacts"


def test_one_may_be_made_of_another(mlflow: Mlflow) -> None:
    name, other, net = made(mlflow), made(mlflow), checkpoint(mlflow, mlflow.run())
    version(mlflow, name, f"models:/{net}", model_id=net)
    mlflow.post("registered-models/alias", name=name, alias="best", version="1")
    mlflow.post("model-versions/transition-stage", name=name, version="1", stage="Staging")
    for wanted in ("/1", "@best", "/latest", "/staging"):
        copy = version(mlflow, other, f"models:/{name}{wanted}")
        assert (copy["source"], copy["model_id"]) == (f"models:/{name}/1", net)
    copied = version(mlflow, other, f"models:/{other}/1")["version"]
    uri = mlflow.get("model-versions/get-download-uri", name=other, version=copied)["artifact_uri"]
    assert uri == f"mlflow-artifacts:/0/models/{net}/artifacts"
    fields = {"name": other, "source": f"models:/{name}/1", "run_id": NO_RUN}
    assert "run_id and model_id" in mlflow.post("model-versions/create", 400, **fields)["message"]
    version(mlflow, name)
    assert version(mlflow, other, f"models:/{name}/2", run_id="")["source"] == f"models:/{name}/2"
    mlflow.ask("DELETE", "registered-models/delete", 200, name=name)
    assert mlflow.get("model-versions/get-download-uri", name=other, version=copied)["artifact_uri"] == uri


def test_its_files_are_fetched_by_what_its_source_names(mlflow: Mlflow, http: httpx.Client) -> None:
    name, run = made(mlflow), mlflow.run()
    net = checkpoint(mlflow, run)
    put(http, f"0/{run}/artifacts/model/w.txt", "of the run")
    put(http, f"0/models/{net}/artifacts/w.txt", "of the model")
    put(http, f"0/{run}/artifacts/secret.txt", "not the model's")
    version(mlflow, name, f"runs:/{run}/model", run_id=run)
    version(mlflow, name, f"mlflow-artifacts:/0/{run}/artifacts/model", run_id=run)
    version(mlflow, name, f"models:/{net}", model_id=net)
    version(mlflow, name, f"models:/{name}/1")
    texts = []
    for number in ("1", "2", "3", "4"):
        params = {"name": name, "version": number, "path": "w.txt"}
        texts.append(http.get("/model-versions/get-artifact", params=params).text)
    assert texts == ["of the run", "of the run", "of the model", "of the run"]
    for path in ("../secret.txt", "secret.txt", "/etc/passwd", "..%2fsecret.txt"):
        answer = http.get("/model-versions/get-artifact", params={"name": name, "version": "1", "path": path})
        assert answer.status_code in {400, 404}
        assert "not the model's" not in answer.text


@pytest.mark.parametrize(
    ("params", "status"),
    [
        ({"name": "none", "version": "1"}, 400),
        ({"name": "none", "path": "x"}, 400),
        ({"version": "1", "path": "x"}, 400),
        ({"name": "none", "version": "1", "path": "x"}, 404),
    ],
)
def test_a_file_of_nothing_is_refused(http: httpx.Client, params: dict[str, str], status: int) -> None:
    assert http.get("/model-versions/get-artifact", params=params).status_code == status


@pytest.mark.parametrize("source", ["s3://bucket/x", "dbfs:/etc/passwd"])
def test_files_elsewhere_are_not_fetched(mlflow: Mlflow, http: httpx.Client, source: str) -> None:
    name = made(mlflow)
    version(mlflow, name, source)
    answer = http.get("/model-versions/get-artifact", params={"name": name, "version": "1", "path": "passwd"})
    assert (answer.status_code, "not in this store" in answer.text) == (400, True)


def search(mlflow: Mlflow, **fields: object) -> list[str]:
    found = mlflow.get("model-versions/search", **fields)
    return [each["version"] for each in found.get("model_versions", [])]


def test_they_are_searched_in_order_page_by_page(mlflow: Mlflow) -> None:
    name, run = made(mlflow), mlflow.run()
    version(mlflow, name, "s3://b/x", tags=[{"key": "a", "value": "1"}])
    version(mlflow, name, f"runs:/{run}/model", run_id=run)
    version(mlflow, name, "dbfs:/y", tags=[{"key": "a", "value": "2"}])
    mlflow.ask("PATCH", "model-versions/update", 200, name=name, version="1", description="changed")
    mine = f"name = '{name}'"
    found = mlflow.get("model-versions/search", filter=mine)["model_versions"]
    assert found == sorted(found, key=lambda each: (-each["last_updated_timestamp"], -int(each["version"])))
    assert search(mlflow, filter=mine, order_by=["version_number"]) == ["1", "2", "3"]
    assert search(mlflow, filter=mine, order_by=["creation_timestamp DESC"])[-1] == "1"
    assert search(mlflow, filter=f"run_id = '{run}'") == ["2"]
    assert search(mlflow, filter=f"run_id IN ('{run}', 'x') AND {mine}") == ["2"]
    assert search(mlflow, filter=f"run_id != '{run}' AND {mine}", order_by=["version_number DESC"]) == ["3", "1"]
    assert search(mlflow, filter=f"source_path LIKE 's3://%' AND {mine}") == ["1"]
    assert search(mlflow, filter=f"version_number >= 2 AND {mine}") == ["3", "2"]
    assert search(mlflow, filter=f"tags.a != '1' AND {mine}") == ["3"]
    first = mlflow.get("model-versions/search", filter=mine, max_results=2)
    assert len(first["model_versions"]) == 2
    assert search(mlflow, filter=mine, max_results=2, page_token=first["next_page_token"]) == [found[2]["version"]]
    assert "page token" in mlflow.get("model-versions/search", 400, page_token=first["next_page_token"])["message"]


def test_a_prompts_versions_are_hidden_and_have_no_files(mlflow: Mlflow) -> None:
    tags = [{"key": "mlflow.prompt.is_prompt", "value": "true"}]
    name = made(mlflow, tags=tags)
    version(mlflow, name, "dummy-source", tags=tags)
    assert search(mlflow, filter=f"name = '{name}'") == []
    assert search(mlflow, filter=f"name = '{name}' AND tags.`mlflow.prompt.is_prompt` = 'true'") == ["1"]
    fields = {"name": name, "source": "s3://b/x", "tags": tags}
    assert "Invalid prompt source" in mlflow.post("model-versions/create", 400, **fields)["message"]
    refused = mlflow.post("model-versions/create", 400, name=made(mlflow), source=f"models:/{name}/1")
    assert "is a prompt" in refused["message"]


LOCAL = "To use a local path as a model version source"
PLAIN = "an absolute path must be provided without relative path references present"
FOREIGN = "request parameter must identify the resource that contains the source"
HOSTED = "'source' cannot use the"


@pytest.mark.parametrize(
    ("source", "fields", "status", "message"),
    [
        ("", {}, 400, "Missing value for required parameter 'source'."),
        ("x", {}, 400, LOCAL),
        ("/etc/passwd", {"run_id": "RUN"}, 400, LOCAL),
        ("file:///etc/passwd", {}, 400, LOCAL),
        ("file://host/etc", {"model_id": "MODEL"}, 400, LOCAL),
        ("s3://b/k/../x", {}, 400, PLAIN),
        ("s3://b/%252e%252e/x", {}, 400, PLAIN),
        ("s3://b/./x", {}, 400, PLAIN),
        ("s3://b/%00", {}, 400, PLAIN),
        ("http://h/x", {}, 400, HOSTED),
        ("HTTPS://h/x", {}, 400, HOSTED),
        ("ftp:///x", {}, 400, HOSTED),
        ("mlflow-artifacts://h/0/RUN/artifacts", {"run_id": "RUN"}, 400, HOSTED),
        ("runs:/RUN/model", {}, 400, FOREIGN),
        ("runs:/RUN/model", {"run_id": NO_RUN}, 400, FOREIGN),
        ("runs:/RUN/model", {"model_id": "MODEL"}, 400, FOREIGN),
        ("runs://RUN/model", {"run_id": "RUN"}, 400, FOREIGN),
        ("models:/MODEL", {}, 400, "The model_id request parameter must identify"),
        ("models:/MODEL", {"run_id": "RUN"}, 400, FOREIGN),
        ("models:/MODEL", {"model_id": NO_MODEL}, 400, FOREIGN),
        ("models:/" + NO_MODEL, {"model_id": NO_MODEL}, 404, NO_MODEL),
        ("models:/", {}, 400, FOREIGN),
        ("models:/a/b/c", {}, 400, FOREIGN),
        ("models:/a@", {}, 400, FOREIGN),
        ("models://h/a/1", {}, 400, "A registered model is one of this server's"),
        ("models:/none/1", {}, 404, "Registered Model with name=none not found"),
        ("models:/NAME/99", {}, 404, "Model Version (name=NAME, version=99) not found"),
        ("models:/NAME@nobody", {}, 400, "alias nobody not found"),
        ("models:/NAME/nowhere", {}, 400, "Invalid Model Version stage"),
        ("models:/NAME/Staging", {}, 404, "version=Staging"),
        ("mlflow-artifacts:/0/RUN/artifacts/m", {}, 400, FOREIGN),
        ("mlflow-artifacts:/1/RUN/artifacts/m", {"run_id": "RUN"}, 400, FOREIGN),
        ("mlflow-artifacts:/0/RUN/artifacts2/m", {"run_id": "RUN"}, 400, FOREIGN),
        ("mlflow-artifacts:/0/RUN/artifacts/m", {"model_id": "MODEL"}, 400, FOREIGN),
        ("mlflow-artifacts:/0/RUN/artifacts/m", {"run_id": NO_RUN}, 400, FOREIGN),
        ("http://[", {}, 400, HOSTED),
        (" http://h", {}, 400, LOCAL),
        ("//h/x", {"run_id": "RUN"}, 400, LOCAL),
        ("s3://b/" + "x" * 6000, {}, 400, "exceeds the maximum length of 6000"),
    ],
)
def test_a_source_that_cannot_be_is_refused(
    mlflow: Mlflow, source: str, fields: dict[str, str], status: int, message: str
) -> None:
    run = mlflow.run()
    names = {"RUN": run, "MODEL": checkpoint(mlflow, run), "NAME": made(mlflow)}
    for word, name in names.items():
        source, message = source.replace(word, name), message.replace(word, name)
    fields = {field: names.get(value, value) for field, value in fields.items()}
    refused = mlflow.post("model-versions/create", status, name=names["NAME"], source=source, **fields)
    assert message in refused["message"]
    assert "latest_versions" not in model(mlflow, names["NAME"])


@pytest.mark.parametrize(
    ("verb", "path", "fields", "status", "message"),
    [
        ("POST", "create", {"name": "none", "source": "s3://b"}, 404, "Registered Model with name=none not found"),
        ("POST", "create", {"source": "s3://b"}, 400, "Missing value for required parameter 'name'."),
        ("GET", "get", {"name": "none", "version": "1"}, 404, "Model Version (name=none, version=1) not found"),
        ("GET", "get", {"name": "none"}, 400, "Missing value for required parameter 'version'."),
        ("GET", "get", {"name": "none", "version": "x"}, 400, "Parameter 'version' must be an integer, got 'x'."),
        ("GET", "get", {"name": "none", "version": "1.5"}, 400, "must be an integer"),
        ("GET", "get", {"name": "none", "version": "-1"}, 404, "not found"),
        ("GET", "get", {"name": "none", "version": "9" * 5000}, 404, "not found"),
        ("PATCH", "update", {"name": "none", "version": "1"}, 404, "Model Version (name=none, version=1) not found"),
        ("PATCH", "update", {"name": "none", "version": 1}, 400, "Invalid value 1 for parameter 'version' supplied"),
        ("GET", "get-download-uri", {"name": "none", "version": "1"}, 404, "not found"),
        ("POST", "transition-stage", {"name": "none", "version": "1"}, 400, "'stage'"),
        ("POST", "transition-stage", {"name": "none", "version": "1", "stage": "x"}, 400, "stage: x. Value must be"),
        ("POST", "transition-stage", {"name": "none", "version": "1", "stage": "none"}, 404, "not found"),
        ("DELETE", "delete-tag", {"name": "none", "version": "1"}, 400, "Missing value for required parameter 'key'."),
        ("GET", "search", {"max_results": 200_001}, 400, "Invalid value 200001 for parameter 'max_results' supplied"),
        ("GET", "search", {"max_results": 0}, 400, "Invalid value 0 for parameter 'max_results' supplied"),
        ("GET", "search", {"filter": "params.a = 'x'"}, 400, "unknown entity 'params'"),
        ("GET", "search", {"order_by": ["bogus"]}, 400, "unknown attribute 'bogus'"),
    ],
)
def test_what_cannot_be_is_refused(
    mlflow: Mlflow, verb: str, path: str, fields: dict[str, object], status: int, message: str
) -> None:
    assert message in mlflow.ask(verb, f"model-versions/{path}", status, **fields)["message"]
