"""What a page in a browser can do to a server on its machine: by another name, by a form, by what it is sent back."""

from __future__ import annotations

import re
from collections.abc import Iterator

import orjson
import pytest

from tracker.server import all_routes
from tracker.server.routes import Route

from .house import API, House

pytestmark = pytest.mark.anyio
HOSTS = (
    "evil.test",
    "localhost.evil.test",
    "127.0.0.1.evil.test",
    "[::1].evil",
    "",
    "127.0.0.1:80:80",
    "localhost@evil.test",
)
ORIGINS = (
    "https://evil.test",
    "null",
    "http://localhost.evil.test",
    "http://127.0.0.1:1",
    "file://127.0.0.1",
    "127.0.0.1",
    "",
)
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PROPFIND")
MARKUP = "<script>alert(1)</script>"


def paths() -> Iterator[tuple[Route, str]]:
    for route in all_routes():
        path = re.sub(r"\{\w+(:path)?\}", "x", route.path)
        yield route, path
        if path.startswith("/api/"):
            yield route, path.replace("/api/", "/ajax-api/", 1)


def changing() -> Iterator[tuple[Route, str]]:
    return ((route, path) for route, path in paths() if route.method != "GET")


# S11.
async def test_no_route_answers_to_another_host(at: House) -> None:
    for _, path in paths():
        for method in METHODS:
            for host in HOSTS:
                known = "127.0.0.1"
                answer = await at.served.ask(method, path, host=host, x_forwarded_host=known, forwarded=f"host={known}")
                assert answer.status == 403, (method, path, host)


# S12.
async def test_no_route_answers_to_a_foreign_page(at: House) -> None:
    for _, path in paths():
        for method in METHODS:
            for origin in ORIGINS:
                answer = await at.served.ask(method, path, b"{}", origin=origin, content_type="application/json")
                assert answer.status == 403, (method, path, origin)
                assert not [name for name in answer.headers if name.startswith("access-control")]


# S12.
async def test_no_page_may_ask_before(at: House) -> None:
    for _, path in paths():
        for origin in ("http://127.0.0.1", "https://evil.test"):
            answer = await at.served.ask("OPTIONS", path, origin=origin, access_control_request_method="POST")
            assert answer.status in {403, 405}
            assert not [name for name in answer.headers if name.startswith("access-control")]


# S11.
async def test_a_websocket_is_refused(at: House) -> None:
    for host in ("127.0.0.1", "evil.test"):
        sent = []

        async def receive() -> dict[str, str]:
            return {"type": "websocket.connect"}

        async def send(message: dict[str, object]) -> None:
            sent.append(message)  # noqa: B023  # of this round

        await at.served.app({"type": "websocket", "path": "/", "headers": [(b"host", host.encode())]}, receive, send)
        assert [each["type"] for each in sent] == ["websocket.close"]


# S13.
@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "", "x"])
async def test_what_a_form_can_send_changes_nothing(at: House, kind: str) -> None:
    before = await at.told("POST", "experiments/search", max_results=100)
    body = orjson.dumps({"name": "form", "experiment_id": "0", "run_id": at.run_id, "key": "form", "value": "form"})
    for route, path in changing():
        if not route.files:
            answer = await at.served.ask(route.method, path, body, content_type=kind)
            assert answer.status == 400, path
    assert await at.told("POST", "experiments/search", max_results=100) == before
    assert b"form" not in (await at.get(f"{API}/runs/get", run_id=at.run_id)).body


# S13.
async def test_to_get_changes_nothing(at: House) -> None:
    async def all_there_is() -> bytes:
        runs = await at.say("POST", "runs/search", experiment_ids=["0"], run_view_type="ALL")
        models = await at.say("POST", "logged-models/search", experiment_ids=["0"])
        return (
            runs.body
            + models.body
            + (await at.say("POST", "experiments/search", max_results=100, view_type="ALL")).body
        )

    before = await all_there_is()
    said = f"name=n&experiment_id=0&run_id={at.run_id}&run_uuid={at.run_id}&key=k&value=v&path=x&model_id={at.model_id}"
    for _, path in paths():
        for method in ("GET", "HEAD"):
            await at.served.ask(method, f"{path}?{said}&_method=DELETE", x_http_method_override="DELETE")
    assert await all_there_is() == before


# S14.
async def test_every_answer_keeps_a_browser_from_making_more_of_it(at: House) -> None:
    for _, path in [*paths(), (None, "/nothing")]:
        for method in METHODS:
            for host in ("127.0.0.1", "evil.test"):
                headers = (await at.served.ask(method, path, host=host)).headers
                assert headers["x-content-type-options"] == "nosniff"
                assert "frame-ancestors 'none'" in headers["content-security-policy"]
                assert "unsafe" not in headers["content-security-policy"]
                assert headers["referrer-policy"] == "no-referrer"
                assert headers["cross-origin-opener-policy"] == "same-origin"
                assert "server" not in headers


# S16.
async def test_markup_does_not_come_back(at: House) -> None:
    said = "%3Cscript%3Ealert(1)%3C/script%3E"
    answers = [
        await at.served.ask("GET", f"/{said}"),
        await at.served.ask("GET", f"{API}/runs/get?run_id={said}"),
        await at.served.ask("GET", f"{API}/experiments/get-by-name?experiment_name={said}"),
        await at.served.ask("GET", "/health", host=MARKUP),
        await at.served.ask("POST", f"{API}/runs/create", b"{}", content_type=MARKUP, accept="text/html"),
        await at.say("POST", "runs/log-metric", run_id=at.run_id, key=MARKUP, value=1, timestamp=1),
        await at.say("POST", "runs/search", experiment_ids=["0"], filter=MARKUP),
        await at.say("POST", "runs/update", run_id=at.run_id, status=MARKUP),
    ]
    for answer in answers:
        assert answer.status in {400, 403, 404}
        assert answer.headers["content-type"] == "application/json"
        assert b"<" not in answer.body
        assert b">" not in answer.body
        orjson.loads(answer.body)


# S25.
@pytest.mark.parametrize(
    "path", ["//evil.test", "/\\evil.test", "/%5cevil.test", "/https://evil.test", "/health/", "/health//"]
)
async def test_nobody_is_sent_elsewhere(at: House, path: str) -> None:
    for query in ("", "?next=//evil.test", "?redirect=https://evil.test"):
        answer = await at.served.ask("GET", path + query)
        assert answer.status == 404
        assert "location" not in answer.headers


# S25.
async def test_a_second_slash_is_passed_over_and_not_redirected(at: House) -> None:
    answer = await at.served.ask("GET", "//health?next=//evil.test")
    assert (answer.status, "location" in answer.headers) == (200, False)
