"""A server as it is operated: stopped, behind a proxy, by TLS, for files alone or for all but them."""

from __future__ import annotations

import json
import signal
import socket
import ssl
import subprocess
from pathlib import Path

import httpx
import pytest

import tracker
from tracker.cli.main import main

from ..served import served

API = "/api/2.0/mlflow"


def begun(port: int, head: str) -> socket.socket:
    """Begin a request, and leave it there."""
    line = socket.create_connection(("127.0.0.1", port), timeout=20)
    line.sendall(head.replace("\n", "\r\n").encode())
    return line


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_well_and_answers_what_has_begun(tmp_path: Path, number: int) -> None:
    head = f"POST {API}/experiments/create HTTP/1.1\nHost: 127.0.0.1\nContent-Type: application/json\n"
    with served(tmp_path) as server, httpx.Client(base_url=server.address) as client:
        # An idle connection keeps nobody waiting.
        assert client.get("/health").text == "OK"
        with begun(server.port, f"{head}Content-Length: 16\n\n{{") as line:
            # Another request is answered after it: it has arrived.
            assert client.get("/health").text == "OK"
            server.process.send_signal(number)
            while not stopped_listening(server.port):
                pass
            line.sendall(b'"name": "late"}')
            assert b"200 OK" in line.recv(4096)
        assert server.process.wait(20) == 0
        assert server.log.read_text() == ""
    with tracker.open(tmp_path / "store", create=False) as store:
        assert "late" in [each.name for each in store.search_experiments()]


def stopped_listening(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except (ConnectionRefusedError, ConnectionResetError):
        return True
    return False


def test_it_lives_below_a_path_and_logs_what_it_was_asked(tmp_path: Path) -> None:
    with served(tmp_path, "--root-path", "/sub", "--access-log", "access.log", "--allowed-hosts", "ml.test") as server:
        assert server.address.endswith("/sub")
        public = {"host": "ml.test", "origin": "https://ml.test"}
        with httpx.Client(base_url=server.address.removesuffix("/sub"), headers=public) as client:
            for root in ("", "/sub"):
                assert client.get(f"{root}/health?token=secret").text == "OK"
            assert client.get("/subway/health").status_code == 404
            assert client.get("/sub/openapi.json").json()["servers"] == [{"url": "/sub"}]
            for wrong in ("https://evil.test", "https://ml.test:444", "null", "http://localhost:1"):
                assert client.get("/sub/health", headers={"origin": wrong}).status_code == 403
            forwarded = {"x-forwarded-host": "ml.test", "host": "evil.test"}
            assert client.get("/sub/health", headers=forwarded).status_code == 403
        # A line is written once its answer is sent; all are there when the server has ended.
        server.process.terminate()
        assert server.process.wait(20) == 0
        lines = [json.loads(line) for line in (tmp_path / "access.log").read_text().splitlines()]
        assert [each["path"] for each in lines[:2]] == ["/health", "/health"]
        assert [each["status"] for each in lines] == [200, 200, 404, 200, 403, 403, 403, 403, 403]
        assert "secret" not in (tmp_path / "access.log").read_text()


def certificate(folder: Path, name: str) -> tuple[str, str]:
    cert, key = str(folder / f"{name}.pem"), str(folder / f"{name}.key")
    words = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=x"]
    words += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", cert]
    subprocess.run(["openssl", "req", *words], check=True, capture_output=True)  # noqa: S607  # as it is installed
    return cert, key


def test_it_serves_https(tmp_path: Path) -> None:
    cert, key = certificate(tmp_path, "own")
    with served(tmp_path, "--certfile", cert, "--keyfile", key) as server:
        assert server.address.startswith("https://")
        trusting = ssl.create_default_context(cafile=cert)
        with httpx.Client(base_url=server.address, verify=trusting) as client:
            assert client.get("/health", headers={"origin": server.address}).text == "OK"
        with pytest.raises(httpx.TransportError):
            httpx.get(server.address.replace("https", "http") + "/health")


def test_a_certificate_that_cannot_be_used_is_said_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cert, key = certificate(tmp_path, "own")
    _, other = certificate(tmp_path, "other")
    locked = str(tmp_path / "locked.key")
    command = ["openssl", "ec", "-aes256", "-passout", "pass:abcd", "-in", key, "-out", locked]
    subprocess.run(command, check=True, capture_output=True)
    (tmp_path / "text").write_text("none")
    for words, said in (
        (["--certfile", cert], "--certfile and --keyfile are given together"),
        (["--certfile", "no.pem", "--keyfile", key], "--certfile no.pem: No such file or directory"),
        (["--certfile", cert, "--keyfile", other], "KEY_VALUES_MISMATCH"),
        (["--certfile", str(tmp_path / "text"), "--keyfile", key], "as PEM files"),
        (["--certfile", cert, "--keyfile", locked], "without a passphrase"),
        (["--root-path", "sub/"], "--root-path 'sub/'"),
        (["--access-log", "no/folder"], "--access-log no/folder: No such file or directory"),
        (["--no-serve-artifacts"], "are given together"),
        (["--no-serve-artifacts", "--artifacts-only"], "leave nothing to serve"),
        (["--no-serve-artifacts", "--default-artifact-root", "not a uri"], "a URI such as"),
    ):
        assert main(["serve", "--port", "0", "--store", str(tmp_path / "store"), *words]) == 2
        told = capsys.readouterr().err
        assert told.count("\n") == 1
        assert said in told
    assert not (tmp_path / "store").exists()
