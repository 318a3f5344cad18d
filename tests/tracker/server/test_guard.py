"""Who may ask, and what is answered to what is no request of the protocol."""

from __future__ import annotations

import socket

import httpx
import pytest

CREATE = "/api/2.0/mlflow/runs/create"


@pytest.mark.parametrize("host", ["evil.test", "localhost.evil.test", "127.0.0.1.evil.test", "[::1].evil", "", "*"])
@pytest.mark.parametrize(("verb", "path"), [("GET", "/health"), ("POST", CREATE), ("DELETE", "/nothing")])
def test_a_foreign_host_is_refused(http: httpx.Client, verb: str, path: str, host: str) -> None:
    assert http.request(verb, path, headers={"host": host}).status_code == 403


@pytest.mark.parametrize("origin", ["https://evil.test", "null", "http://localhost.evil.test", "http://127.0.0.1:1"])
@pytest.mark.parametrize("verb", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_a_foreign_origin_is_refused(http: httpx.Client, verb: str, origin: str) -> None:
    answer = http.request(verb, CREATE, headers={"origin": origin})
    assert answer.status_code == 403
    assert "access-control-allow-origin" not in answer.headers


def test_its_own_names_are_let_in(http: httpx.Client) -> None:
    port = http.base_url.port
    for name in ("localhost", "LOCALHOST", f"localhost:{port}", f"127.0.0.1:{port}"):
        origin = {"origin": f"http://{name}"}
        assert http.get("/health", headers={"host": name, **origin}).text == "OK"


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", None])
def test_what_a_form_can_send_is_refused(http: httpx.Client, kind: str | None) -> None:
    headers = {} if kind is None else {"content-type": kind}
    assert http.post(CREATE, content=b"{}", headers=headers).status_code == 400


def test_a_body_may_say_its_charset_and_be_no_json(http: httpx.Client) -> None:
    headers = {"content-type": "application/json; charset=utf-8"}
    assert http.post(CREATE, content=b"{}", headers=headers).status_code == 200
    for body in (b"", b"{", b"[]", b"\xff", b'{"a":' * 100_000):
        answer = http.post("/api/2.0/mlflow/experiments/create", content=body, headers=headers)
        assert answer.status_code == 400
        assert "'name'" in answer.json()["message"]


def test_a_query_that_is_no_text_is_answered(http: httpx.Client) -> None:
    assert http.get("/api/2.0/mlflow/experiments/get?experiment_id=%ff").status_code == 404


def test_a_request_that_is_cut_short_does_nothing(http: httpx.Client) -> None:
    def runs() -> int:
        asked = {"experiment_ids": ["0"], "max_results": 50_000}
        return len(http.post("/api/2.0/mlflow/runs/search", json=asked).json().get("runs", []))

    before = runs()
    head = f"POST {CREATE} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n"
    with socket.create_connection((http.base_url.host, http.base_url.port or 0)) as plain:
        plain.sendall(head.encode())
        plain.shutdown(socket.SHUT_RDWR)
    assert runs() == before


def test_a_body_that_is_too_large_is_refused(http: httpx.Client) -> None:
    headers = {"content-type": "application/json"}
    assert http.post(CREATE, content=b" " * (32 * 2**20 + 1), headers=headers).status_code == 413
    pieces = (b" " * 2**20 for _ in range(33))
    assert http.post(CREATE, content=pieces, headers=headers).status_code == 413
    assert http.get("/health").text == "OK"


def test_unknown_paths_and_wrong_verbs(http: httpx.Client) -> None:
    assert http.get("/api/2.0/mlflow/nothing").json()["error_code"] == "ENDPOINT_NOT_FOUND"
    assert http.get("/nothing").status_code == 404
    assert http.get(CREATE).status_code == 405


def test_each_answer_is_safe_in_a_browser(http: httpx.Client) -> None:
    for path in ("/health", "/nothing", "/api/2.0/mlflow/experiments/get?experiment_id=0"):
        headers = http.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in headers["content-security-policy"]


def test_pages_reach_the_same_by_another_name(http: httpx.Client) -> None:
    assert http.get("/ajax-api/2.0/mlflow/experiments/get?experiment_id=0").status_code == 200


def test_probes(http: httpx.Client) -> None:
    assert http.get("/version").text == "3.17.2"
    assert http.head("/health").status_code == 200
    assert http.get("/api/3.0/mlflow/server-info").json()["store_type"] == "SqlStore"
