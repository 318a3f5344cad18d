"""The unmodified `mlflow` package's model registry, in a program of its own, against the server."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import tracker

pytest.importorskip("mlflow")

START = r"""
import os, tempfile
import mlflow
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

client = MlflowClient()

def refused(code, call, *args, **kwargs):
    try:
        call(*args, **kwargs)
    except MlflowException as problem:
        assert problem.error_code == code, problem
    else:
        raise AssertionError((code, args))

with mlflow.start_run() as run:
    run_id = run.info.run_id
    mlflow.log_text("flavors: {}", "model/MLmodel")
    mlflow.log_text("of the run", "model/weights.txt")
    model = mlflow.initialize_logged_model("net", params={"p": 1})
    client.log_model_artifact(model.model_id, os.path.realpath(FILE))
    mlflow.finalize_logged_model(model.model_id, "READY")
model_id = model.model_id
"""
MODELS = r"""
made = client.create_registered_model("net", tags={"team": "a"}, description="what it is")
assert (made.name, made.description, made.tags) == ("net", "what it is", {"team": "a"})
refused("RESOURCE_ALREADY_EXISTS", client.create_registered_model, "net")
refused("INVALID_PARAMETER_VALUE", client.create_registered_model, "a/b")
refused("RESOURCE_DOES_NOT_EXIST", client.get_registered_model, "nets")
client.rename_registered_model("net", "mesh")
assert client.update_registered_model("mesh", "another").description == "another"
client.set_registered_model_tag("mesh", "b", "c")
client.delete_registered_model_tag("mesh", "team")
client.delete_registered_model_tag("mesh", "team")
found = client.get_registered_model("mesh")
assert (found.description, found.tags, found.latest_versions, found.aliases) == ("another", {"b": "c"}, [], {})
client.delete_registered_model("mesh")
refused("RESOURCE_DOES_NOT_EXIST", client.delete_registered_model, "mesh")

for name in ("n1", "N2", "n3", "other"):
    client.create_registered_model(name, tags={"kind": name[0]})
names = lambda found: [each.name for each in found]
assert names(client.search_registered_models()) == ["N2", "n1", "n3", "other"]
assert names(client.search_registered_models("name LIKE 'n%'")) == ["n1", "n3"]
assert names(client.search_registered_models("name ILIKE 'n%'", order_by=["name DESC"])) == ["n3", "n1", "N2"]
assert names(client.search_registered_models("tags.kind = 'o' AND name != 'x'")) == ["other"]
assert names(client.search_registered_models(order_by=["last_updated_timestamp DESC"], max_results=1)) == ["other"]
first = client.search_registered_models(max_results=3)
assert names(client.search_registered_models(max_results=3, page_token=first.token)) == ["other"]
refused("INVALID_PARAMETER_VALUE", client.search_registered_models, page_token="x")
refused("INVALID_PARAMETER_VALUE", client.search_registered_models, "nonsense ===")
assert names(mlflow.search_registered_models(filter_string="name = 'n1'")) == ["n1"]
"""
VERSIONS = r"""
client.create_registered_model("net")
source = f"runs:/{run_id}/model"
one = client.create_model_version("net", source, run_id, tags={"a": "b"}, description="first", run_link="http://x")
assert (one.version, one.source, one.run_id, one.current_stage, one.status) == ("1", source, run_id, "None", "READY")
assert (one.tags, one.description, one.run_link) == ({"a": "b"}, "first", "http://x")
two = client.create_model_version("net", f"models:/{model_id}", model_id=model_id)
assert (two.version, two.run_id) == ("2", run_id)
for bad in ("/etc/passwd", "s3://b/../x", f"runs:/{'0' * 32}/model", "http://elsewhere/x"):
    refused("INVALID_PARAMETER_VALUE", client.create_model_version, "net", bad, run_id)
refused("RESOURCE_DOES_NOT_EXIST", client.create_model_version, "nets", "s3://b")
assert client.update_model_version("net", "1", "better").description == "better"
client.set_model_version_tag("net", "1", "c", "d")
client.delete_model_version_tag("net", "1", "a")
assert client.get_model_version("net", "1").tags == {"c": "d"}
refused("RESOURCE_DOES_NOT_EXIST", client.get_model_version, "net", "99")
refused("INVALID_PARAMETER_VALUE", client.get_model_version, "net", "x")

client.set_registered_model_alias("net", "champion", "1")
client.set_registered_model_alias("net", "champion", 2)
client.set_registered_model_alias("net", "old", 1)
assert client.get_model_version_by_alias("net", "champion").version == "2"
assert client.get_model_version("net", 2).aliases == ["champion"]
assert client.get_registered_model("net").aliases == {"champion": "2", "old": "1"}
client.delete_registered_model_alias("net", "old")
client.delete_registered_model_alias("net", "old")
refused("INVALID_PARAMETER_VALUE", client.get_model_version_by_alias, "net", "old")
refused("INVALID_PARAMETER_VALUE", client.set_registered_model_alias, "net", "latest", 1)
refused("INVALID_PARAMETER_VALUE", client.set_registered_model_alias, "net", "v3", 1)

assert client.transition_model_version_stage("net", 1, "production").current_stage == "Production"
assert client.transition_model_version_stage("net", 2, "Production", True).current_stage == "Production"
assert client.get_model_version("net", 1).current_stage == "Archived"
refused("INVALID_PARAMETER_VALUE", client.transition_model_version_stage, "net", 2, "Archived", True)
refused("INVALID_PARAMETER_VALUE", client.transition_model_version_stage, "net", 2, "nowhere")
latest = {each.current_stage: each.version for each in client.get_latest_versions("net")}
assert latest == {"Archived": "1", "Production": "2"}, latest
assert [each.version for each in client.get_latest_versions("net", ["production"])] == ["2"]

three = client.create_model_version("net", "s3://bucket/x")
numbers = lambda *args, **kwargs: [int(each.version) for each in client.search_model_versions(*args, **kwargs)]
assert numbers("name = 'net'", order_by=["version_number DESC"]) == [3, 2, 1]
assert numbers("name = 'net'")[0] == 3
assert numbers(f"run_id = '{run_id}'", order_by=["version_number"]) == [1, 2]
assert numbers(f"run_id IN ('x', '{run_id}')", order_by=["creation_timestamp"]) == [1, 2]
assert numbers("source_path LIKE 's3://%' AND version_number > 1") == [3]
assert numbers("tags.c = 'd'") == [1]
first = client.search_model_versions("name = 'net'", max_results=2, order_by=["version_number"])
assert [each.version for each in first] == ["1", "2"]
assert numbers("name = 'net'", max_results=2, order_by=["version_number"], page_token=first.token) == [3]
refused("INVALID_PARAMETER_VALUE", client.search_model_versions, "name = 'net'", page_token=first.token)
refused("INVALID_PARAMETER_VALUE", client.search_model_versions, "metrics.a > 1")
assert [each.version for each in mlflow.search_model_versions(filter_string="name = 'net'")] == ["3", "2", "1"]

client.delete_model_version("net", "3")
refused("RESOURCE_DOES_NOT_EXIST", client.delete_model_version, "net", "3")
assert client.create_model_version("net", "s3://bucket/x").version == "4"
assert client.copy_model_version(f"models:/net/2", "copy").source == "models:/net/2"
assert client.get_model_version_download_uri("copy", "1") == client.get_logged_model(model_id).artifact_location
"""
FILES = r"""
weights = lambda uri, name: open(os.path.join(mlflow.artifacts.download_artifacts(uri), name)).read()
of_run = mlflow.register_model(f"runs:/{run_id}/model", "files", tags={"x": "y"})
assert (of_run.version, of_run.run_id, of_run.tags) == ("1", run_id, {"x": "y"}), of_run
of_model = mlflow.register_model(f"models:/{model_id}", "files")
assert (of_model.version, of_model.run_id) == ("2", run_id), of_model
by_name = mlflow.register_model(f"runs:/{run_id}/net", "files")
assert (by_name.version, by_name.source) == ("3", f"models:/{model_id}"), by_name
client.set_registered_model_alias("files", "best", 2)
client.transition_model_version_stage("files", 1, "Staging")
own = os.path.basename(FILE)
assert weights("models:/files/1", "weights.txt") == "of the run"
assert weights("models:/files/Staging", "weights.txt") == "of the run"
for uri in ("models:/files/2", "models:/files@best", "models:/files/latest", f"models:/{model_id}"):
    assert weights(uri, own) == "of the model", uri
assert "files" in client.get_logged_model(model_id).tags["mlflow.modelVersions"]
"""
PROMPTS = r"""
prompt = mlflow.genai.register_prompt("greeting", "Hello {{name}}", commit_message="first", tags={"a": "b"})
mlflow.genai.register_prompt("greeting", "Hi {{name}}")
assert (prompt.version, prompt.template) == (1, "Hello {{name}}")
mlflow.genai.set_prompt_alias("greeting", "live", 1)
assert mlflow.genai.load_prompt("prompts:/greeting@live").template == "Hello {{name}}"
assert mlflow.genai.load_prompt("greeting", version=2).template == "Hi {{name}}"
assert [each.name for each in mlflow.genai.search_prompts()] == ["greeting"]
assert [each.name for each in client.search_registered_models("name = 'greeting'")] == []
assert list(client.search_model_versions("name = 'greeting'")) == []
refused("RESOURCE_ALREADY_EXISTS", client.create_registered_model, "greeting")
"""


@pytest.fixture
def address(tmp_path: Path, environment: dict[str, str]) -> Iterator[str]:
    command = [sys.executable, "-W", "error", "-m", "tracker.cli.main", "serve", "--port", "0", "--store", "store"]
    with subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        found = re.search(r"at (http://127\.0\.0\.1:\d+) ", server.stdout.readline())
        assert found is not None
        yield found[1]
        server.terminate()
        server.wait(20)


def test_a_program_registers_searches_and_fetches_unchanged(
    address: str, tmp_path: Path, environment: dict[str, str]
) -> None:
    (tmp_path / "own.txt").write_text("of the model")
    program = "\n".join([f"FILE = {str(tmp_path / 'own.txt')!r}", START, MODELS, VERSIONS, FILES, PROMPTS])
    where = {"MLFLOW_TRACKING_URI": address, "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0"}
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={**environment, **where},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    with tracker.open(tmp_path / "store") as store:
        (model,) = store.search_logged_models(filter_string="name = 'net'")
        for uri in ("models:/files@best", "models:/net/Production", "models:/copy/1"):
            assert store.get_logged_model(uri).model_id == model.model_id
        assert store.registry.get("greeting").aliases == {"live": 1}
