"""Places that clients name: kept as they are said, never gone to, never opened, never expanded, never loaded."""

from __future__ import annotations

import asyncio
import pickle
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import orjson
import pytest

from ....payloads import payloads
from .house import API, CANARY, PROXY, House

pytestmark = pytest.mark.anyio
LOCAL = (
    "file:{secret}",
    "file://{secret}",
    "FILE://{secret}",
    "File:///{secret}",
    "file://localhost{secret}",
    "{secret}",
    "//{secret}",
    "./secret.txt",
    "../secret.txt",
    "://{secret}",
    ":{secret}",
    "file:///x/..{secret}",
    "file:{secret}?a#b",
    "dbfs:{secret}",
    "s3://bucket/../..{secret}",
    "runs:/{run}/../../../../secret.txt",
    "models:/{model}/../../../../secret.txt",
    "mlflow-artifacts:/../../../../secret.txt",
    "mlflow-artifacts:file://{secret}",
    "file:file:{secret}",
    "jar:file:{secret}!/x",
)
OUTBOUND = (
    "http://127.0.0.1:{port}/x",
    "http://[::1]:{port}/",
    "http://0.0.0.0:{port}/",
    "http://2130706433:{port}/",
    "http://0177.1:{port}/",
    "http://0x7f.1:{port}/",
    "http://127.1:{port}/",
    "http://[::ffff:127.0.0.1]:{port}/",
    "http://a@127.0.0.1:{port}/",
    "http:///#/../127.0.0.1:{port}",
    "HTTP://localhost:{port}",
    "https://localhost:{port}",
    "ftp://127.0.0.1:{port}/x",
    "gopher://127.0.0.1:{port}/_x",
    "mlflow-artifacts://127.0.0.1:{port}/x",
    "http://169.254.169.254/latest/meta-data/",
    "postgresql://127.0.0.1:{port}/x",
    "unity://127.0.0.1:{port}",
    "hdfs://127.0.0.1:{port}/x",
    "\\\\127.0.0.1@{port}\\x",
)
EXPANDED = (
    "$SECRET_CANARY",
    "${{SECRET_CANARY}}",
    "env:SECRET_CANARY",
    "~/x",
    "%SECRET_CANARY%",
    "$(id)",
    "`id`",
    "{{{{7*7}}}}",
)


@asynccontextmanager
async def listening() -> AsyncIterator[tuple[int, list[object]]]:
    """Listen where nobody should call; yield the port, and who has called."""
    calls: list[object] = []

    def called(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        calls.append(reader)
        writer.close()

    server = await asyncio.start_server(called, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1], calls


async def named(at: House, uri: str) -> str:
    """Say a URI wherever one can be said, and ask for all that is there; return all answers together."""
    made = await at.say("POST", "experiments/create", name=secrets.token_hex(8), artifact_location=uri)
    assert made.status == 200, made
    experiment = orjson.loads(made.body)["experiment_id"]
    assert (await at.told("GET", f"experiments/get?experiment_id={experiment}"))["experiment"]["artifact_location"] == (
        uri.rstrip("/")
    )
    special = [
        {"key": key, "value": uri} for key in ("mlflow.prompt.is_prompt", "mlflow.source.name", "mlflow.runType", "a")
    ]
    run = (await at.told("POST", "runs/create", experiment_id=experiment, tags=special))["run"]["info"]
    model = await at.told("POST", "logged-models", experiment_id=experiment, tags=special, source_run_id=run["run_id"])
    source = {
        "name": secrets.token_hex(8),
        "digest": "1",
        "source_type": "http",
        "source": uri,
        "schema": uri,
        "profile": uri,
    }
    await at.told("POST", "runs/log-inputs", run_id=run["run_id"], datasets=[{"dataset": source}])
    await at.told("POST", "runs/set-tag", run_id=run["run_id"], key="mlflow.artifacts", value=uri)
    answers = [
        await at.get(f"{API}/runs/get", run_id=run["run_id"]),
        await at.get(f"{API}/artifacts/list", run_id=run["run_id"]),
        await at.get("/get-artifact", run_id=run["run_id"], path="secret.txt"),
        await at.get("/get-artifact", run_id=run["run_id"], path="x"),
        await at.get(f"{API}/logged-models/{model['model']['info']['model_id']}/artifacts/directories"),
        await at.get(PROXY, path=uri),
    ]
    assert b"files" not in answers[1].body + answers[4].body
    (used,) = orjson.loads(answers[0].body)["run"]["inputs"]["dataset_inputs"]
    assert [used["dataset"][name] for name in ("source", "schema", "profile")] == [uri] * 3
    return b"".join(answer.body for answer in answers).decode()


# S04, S05.
async def test_a_local_place_is_never_opened(at: House) -> None:
    said = {"secret": at.secret, "run": at.run_id, "model": at.model_id}
    for uri in LOCAL:
        assert CANARY.decode() not in await named(at, uri.format(**said))


# S04, S05, S27.
async def test_no_place_is_gone_to(at: House) -> None:
    async with listening() as (port, calls):
        for uri in OUTBOUND:
            await named(at, uri.format(port=port))
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        await reader.read()
        writer.close()
        # It is this one call that was heard.
        assert len(calls) == 1


# S28, S32.
async def test_nothing_is_expanded(at: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_CANARY", CANARY.decode())
    for text in (each.format() for each in EXPANDED):
        assert CANARY.decode() not in await named(at, text)
        run = await at.told("POST", "runs/create", run_name=text)
        assert run["run"]["info"]["run_name"] == text
        await at.told("POST", "runs/log-parameter", run_id=run["run"]["info"]["run_id"], key="p", value=text)
        found = await at.told("GET", f"runs/get?run_id={run['run']['info']['run_id']}")
        assert found["run"]["data"]["params"] == [{"key": "p", "value": text}]


async def test_no_file_is_loaded(at: House, tmp_path: Path) -> None:
    """Upload whatever runs when it is loaded or unpacked, by every route, and fetch it (S07, S29, S30)."""
    canary = tmp_path / "loaded"
    files = payloads(canary)
    for name, payload in files.items():
        for root in (at.root, f"0/models/{at.model_id}/artifacts"):
            assert (await at.served.ask("PUT", f"{PROXY}/{root}/{name}", payload)).status == 200
            assert (await at.served.ask("GET", f"{PROXY}/{root}/{name}")).body == payload
        upload = f"/ajax-api/2.0/mlflow/upload-artifact?run_uuid={at.run_id}&path=up/{name}"
        assert (await at.served.ask("POST", upload, payload)).status == 200
    await at.told("PATCH", f"logged-models/{at.model_id}", model_id=at.model_id, status="LOGGED_MODEL_READY")
    await at.told("GET", f"artifacts/list?run_id={at.run_id}")
    assert not canary.exists()
    # It would have shown.
    pickle.loads(files["model.pkl"])  # noqa: S301  # our own
    assert canary.exists()
    canary.unlink()
