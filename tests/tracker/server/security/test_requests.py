"""Requests that ask for too much, or for what is not there to be asked: filters, names, lengths, pages, bodies."""

from __future__ import annotations

import gzip
from collections.abc import AsyncIterator
from typing import Any

import anyio
import orjson
import pytest

from tracker.server import app as server_app
from tracker.server import kept_files
from tracker.server.app import MAX_BODY

from .house import API, PROXY, House

pytestmark = pytest.mark.anyio
INJECTED = (
    "' OR '1'='1",
    "'; DROP TABLE runs; --",
    "a' UNION SELECT name FROM sqlite_master --",
    "1) OR 1=1 --",
    '" OR ""="',
    "tags.a = 'x' /* */ OR 1=1",
    "__import__('os').system('id')",
    "{0.__class__}",
    "metrics.`a` > (SELECT 1)",
    "params.a LIKE '%' ESCAPE '",
    "a = 'b' COLLATE NOCASE",
    "load_extension('x')",
    "char(0)",
    "\0",
    "tags.a = 'x\0'",
    "params.a RLIKE '(a+)+$'",
    "(" * 10_000 + "tags.a = 'x'" + ")" * 10_000,
    "tags.a = '" + "x" * 1_000_000 + "'",
    " AND ".join(["tags.a = 'x'"] * 5000),
    "NOT " * 5000 + "tags.a = 'x'",
    "params.a LIKE '" + "%_" * 5000 + "'",
)


# S34.
@pytest.mark.parametrize("text", INJECTED, ids=range(len(INJECTED)))
async def test_a_filter_is_refused_or_means_what_it_says(at: House, text: str) -> None:
    searches: dict[str, dict[str, object]] = {
        "runs/search": {"experiment_ids": ["0"]},
        "experiments/search": {"max_results": 5},
        "logged-models/search": {"experiment_ids": ["0"]},
    }
    for path, how in searches.items():
        answer = await at.say("POST", path, **how, filter=text)
        # Nothing here has what any of them asks for.
        assert answer.status == 400 or answer.body == b"{}", (path, answer)
        order = [{"field_name": text}] if "models" in path else [text]
        ordered = await at.say("POST", path, **how, order_by=order)
        # A tag may have any name, and be missing.
        assert ordered.status == 400 or ordered.body == (await at.say("POST", path, **how)).body
    assert (await at.told("POST", "runs/search", experiment_ids=["0"]))["runs"]


# S34.
async def test_a_wildcard_in_a_name_is_none(at: House) -> None:
    await at.told("POST", "runs/set-tag", run_id=at.run_id, key="a", value="100%_done")
    for pattern, found in (("100\\%\\_done", False), ("100%", True), ("100__done", True), ("1_", False)):
        text = f"tags.a LIKE '{pattern}'"
        assert ("runs" in await at.told("POST", "runs/search", experiment_ids=["0"], filter=text)) == found, pattern
    assert "runs" not in await at.told("POST", "runs/search", experiment_ids=["0"], filter="tags.a = '100%'")


# S35.
@pytest.mark.parametrize(
    "name", ["__init__", "__class__", "_told", "routes", "Create", "../runs/create", "create/", "create\0"]
)
async def test_no_other_name_is_a_method(at: House, name: str) -> None:
    for path in (f"{API}/runs/{name}", f"/{name}", f"/api/3.0/mlflow/{name}", f"/api/2.0/preview/mlflow/runs/{name}"):
        answer = await at.served.ask("POST", path, b"{}", content_type="application/json")
        assert answer.status in {404, 405}


# S35.
async def test_no_field_sets_what_is_not_said_to_be_set(at: House) -> None:
    wrong = {"lifecycle_stage": "deleted", "__class__": "x", "run_no": 1, "artifact_uri": "file:///etc", "id": "x"}
    made = (await at.told("POST", "runs/create", **wrong, experiment_id="0", info=wrong))["run"]["info"]
    assert made["lifecycle_stage"] == "active"
    assert made["artifact_uri"] == f"mlflow-artifacts:/0/{made['run_id']}/artifacts"


# S39, S48.
@pytest.mark.parametrize(
    "path",
    [
        "/graphql",
        "/api/batch",
        "/api/2.0/batch",
        "/api/2.0/mlflow/batch",
        "/api/3.0/jobs",
        "/ajax-api/3.0/jobs/search",
        "/rpc",
    ],
)
async def test_nothing_takes_many_requests_in_one_or_starts_a_program(at: House, path: str) -> None:
    for method in ("GET", "POST"):
        assert (await at.served.ask(method, path, b"[]", content_type="application/json")).status == 404


LONG = "x" * 1_000_000


# S37.
@pytest.mark.parametrize(
    ("path", "fields", "status"),
    [
        ("experiments/create", {"name": LONG}, 400),
        ("experiments/create", {"name": "a", "artifact_location": LONG}, 400),
        ("experiments/create", {"name": "b", "tags": [{"key": LONG, "value": "v"}]}, 400),
        ("experiments/set-experiment-tag", {"experiment_id": "0", "key": "k", "value": LONG}, 400),
        ("runs/create", {"run_name": LONG}, 400),
        ("runs/create", {"user_id": LONG}, 400),
        ("runs/create", {"tags": [{"key": LONG, "value": "v"}]}, 400),
        ("runs/set-tag", {"key": LONG, "value": "v"}, 400),
        ("runs/log-parameter", {"key": LONG, "value": "v"}, 400),
        ("runs/log-metric", {"key": LONG, "value": 1, "timestamp": 1}, 400),
        ("runs/log-metric", {"key": "k", "value": 1, "timestamp": 1, "model_id": LONG}, 400),
        (
            "runs/log-metric",
            {"key": "k", "value": 1, "timestamp": 1, "dataset_name": LONG, "dataset_digest": LONG},
            400,
        ),
        ("runs/log-inputs", {"datasets": [{"dataset": {"name": LONG, "digest": "1"}}]}, 400),
        ("runs/log-batch", {"tags": [{"key": f"k{number}", "value": "v"} for number in range(100_000)]}, 400),
        ("runs/log-batch", {"metrics": [{"key": "k", "value": 1, "timestamp": 1}] * 300_000}, 400),
        ("logged-models", {"experiment_id": "0", "name": LONG}, 400),
        ("logged-models", {"experiment_id": "0", "name": "n", "model_type": LONG}, 400),
        ("logged-models", {"experiment_id": "0", "name": "n", "tags": [{"key": LONG, "value": ""}]}, 400),
        ("logged-models/search", {"experiment_ids": ["0"] * 100_000}, 200),
        # MLflow's server cuts them too.
        ("runs/set-tag", {"key": "k", "value": LONG}, 200),
        ("runs/log-parameter", {"key": "k", "value": LONG}, 200),
    ],
)
async def test_a_length_has_its_limit(at: House, path: str, fields: dict[str, object], status: int) -> None:
    answer = await at.say("POST", path, **{"run_id": at.run_id, **fields})
    assert answer.status == status, answer
    assert len(answer.body) < 5000
    assert len((await at.get(f"{API}/runs/get", run_id=at.run_id)).body) < 20_000


# S38.
@pytest.mark.parametrize(
    "wrong",
    [
        {"max_results": -1},
        {"max_results": 10**9},
        {"max_results": "9" * 30},
        {"page_token": "x"},
        {"page_token": "e30="},
        {"page_token": "../../x"},
        {"page_token": "eyJvZmZzZXQiOiAxfQ=="},
    ],
)
async def test_a_page_that_nobody_gave_is_refused(at: House, wrong: dict[str, object]) -> None:
    for path in ("runs/search", "experiments/search", "logged-models/search"):
        assert (await at.say("POST", path, **{"experiment_ids": ["0"], "max_results": 5, **wrong})).status == 400, path
    words = "&".join(f"{name}={value}" for name, value in wrong.items())
    path = f"{API}/metrics/get-history?run_id={at.run_id}&metric_key=k&{words}"
    # Of a curve one may ask for as many points as one likes.
    if wrong.get("max_results", -1) == -1:
        assert (await at.served.ask("GET", path)).status == 400


# S38.
async def test_a_token_of_another_query_is_refused(at: House) -> None:
    for number in range(3):
        await at.told("POST", "runs/create", run_name=f"r{number}")
    page = await at.told("POST", "runs/search", experiment_ids=["0"], max_results=1)
    for other in ({"filter": "status = 'RUNNING'"}, {"experiment_ids": ["1"]}, {"order_by": ["start_time"]}):
        said = {"experiment_ids": ["0"], "max_results": 1, "page_token": page["next_page_token"], **other}
        assert (await at.say("POST", "runs/search", **said)).status == 400, other


BODIES = (
    b'{"a":' * 100_000,
    b"[" * 1_000_000,
    b'{"start_time": ' + b"9" * 100_000 + b"}",
    b'{"start_time": 1e999999}',
    b"\xff" * 1000,
    b'{"run_name": "\\ud800"}',
    b'{"run_name": "\\u0000"}',
    b'{"tags": ' + b"[" * 5000 + b"]" * 5000 + b"}",
    b'{"tags": {"a": 1}}',
    gzip.compress(b'{"run_name": "' + b"x" * 10_000_000 + b'"}'),
    b'{"start_time": -0.0}',
    b'{"start_time": true}',
    b"\0" * 100_000,
)


# S36.
@pytest.mark.parametrize("body", BODIES, ids=range(len(BODIES)))
async def test_a_hostile_body_is_no_servers_error(at: House, body: bytes) -> None:
    for path, verb in (("runs/create", "POST"), ("runs/log-batch", "POST"), (f"logged-models/{at.model_id}", "PATCH")):
        more = {"content_encoding": "gzip"} if body[:2] == b"\x1f\x8b" else {}
        answer = await at.served.ask(verb, f"{API}/{path}", body, content_type="application/json", **more)
        assert answer.status in {200, 400}, answer
        assert len(answer.body) < 2000


async def streamed(at: House, method: str, path: str, pieces: AsyncIterator[bytes]) -> int:
    """Send a body in pieces; return the answer's status."""
    sent: list[Any] = []

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": await anext(pieces), "more_body": True}

    async def send(message: dict[str, object]) -> None:
        sent.append(message)

    headers = [(b"host", b"127.0.0.1"), (b"content-type", b"application/json"), (b"transfer-encoding", b"chunked")]
    scope = {"type": "http", "method": method, "path": path, "query_string": b"", "headers": headers}
    await at.served.app(scope, receive, send)
    return int(sent[0]["status"])


# S36.
async def test_a_body_that_never_ends_is_cut_off(at: House) -> None:
    taken = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal taken
        while True:
            taken += 1 << 20
            yield b"x" * (1 << 20)

    assert await streamed(at, "POST", f"{API}/runs/create", endless()) == 413
    assert taken <= MAX_BODY + (1 << 20)
    declared = await at.served.ask(
        "POST", f"{API}/runs/create", b"{}", content_type="application/json", content_length=str(1 << 30)
    )
    assert declared.status == 413


# S36.
@pytest.mark.parametrize(("verb", "path"), [("POST", f"{API}/runs/create"), ("PUT", f"{PROXY}/a/b")])
async def test_a_body_that_does_not_come_is_not_waited_for(
    at: House, monkeypatch: pytest.MonkeyPatch, verb: str, path: str
) -> None:
    monkeypatch.setattr(server_app, "BODY_SECONDS", 0.05)
    monkeypatch.setattr(kept_files, "PIECE_SECONDS", 0.05)

    async def slow() -> AsyncIterator[bytes]:
        yield b"{"
        await anyio.sleep_forever()

    assert await streamed(at, verb, path, slow()) == 408
    assert not [path for path in (at.place / "store" / "artifacts").rglob("*") if path.name == "b"]
    assert list((at.place / "store" / "artifacts" / "staging").iterdir()) == []


# S47.
async def test_an_error_says_nothing_of_the_house(at: House) -> None:
    answers = [
        await at.say("POST", "runs/search", experiment_ids=["x" * 50]),
        await at.say("POST", "runs/search", experiment_ids=["0"], filter="metrics.a > 'x"),
        await at.say("POST", "logged-models/search", experiment_ids=["0"], order_by=[{"field_name": "x y"}]),
        await at.say("POST", "experiments/create", name="Default"),
        await at.say("POST", "runs/log-model", run_id=at.run_id, model_json="{"),
        await at.say("POST", "runs/log-model", run_id=at.run_id, model_json="[1]"),
        await at.say("POST", "runs/log-model", run_id=at.run_id, model_json="5"),
        await at.served.ask("PUT", f"{PROXY}/{at.root}/a/file.txt/below", b"x"),
        await at.served.ask("PUT", f"{PROXY}/{at.root}/{'n' * 300}", b"x"),
        await at.served.ask("GET", f"{PROXY}/{at.root}/a/file.txt", range="bytes=9-"),
        await at.served.ask("GET", f"{PROXY}/{at.root}/a/file.txt", range="bytes=x"),
    ]
    for answer in answers:
        assert 400 <= answer.status < 500, answer
        for told in (b"Traceback", str(at.place).encode(), b"SELECT", b".py", b"sqlite", b"Errno"):
            assert told not in answer.body
        assert orjson.loads(answer.body)["error_code"], answer
