"""What only a real connection shows: who a request is for, where it ends, and how long it may take to come."""

from __future__ import annotations

import re
import resource
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import httpx
import pytest

from ....served import Served, served
from .house import API

GET = "GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n"
POST = f"POST {API}/experiments/create HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
# A request behind another one, which must not be taken for a request.
BEHIND = f"{POST}Content-Length: 16\r\n\r\n" + '{"name": "evil"}'


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("wire")) as running:
        yield running


def exchange(server: Served, data: bytes, timeout: float = 20) -> bytes:
    """Send bytes and no more; return all that comes until the server closes, or waits for more."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=timeout) as line:
        with suppress(OSError):
            line.sendall(data)
            line.shutdown(socket.SHUT_WR)
        received = b""
        # Whoever sends more than is read may learn so by a reset.
        with suppress(ConnectionResetError, BrokenPipeError):
            while piece := line.recv(65536):
                received += piece
        return received


def statuses(answer: bytes) -> list[int]:
    return [int(each) for each in re.findall(rb"HTTP/1\.1 (\d{3}) ", answer)]


def names(server: Served) -> list[str]:
    found = httpx.post(f"{server.address}{API}/experiments/search", json={"max_results": 1000}).json()
    return [each["name"] for each in found["experiments"]]


# S11.
@pytest.mark.parametrize(
    "request_line",
    [
        "GET http://evil.test/health HTTP/1.1\r\nHost: 127.0.0.1\r\n",
        "GET HTTP://evil.test:80/health HTTP/1.1\r\nHost: 127.0.0.1\r\n",
        "GET http://127.0.0.1@evil.test/health HTTP/1.1\r\nHost: 127.0.0.1\r\n",
        "GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: evil.test\r\n",
        "GET /health HTTP/1.1\r\nHost: evil.test\r\nHost: 127.0.0.1\r\n",
        "GET /health HTTP/1.1\r\nHost: evil.test\r\nX-Forwarded-Host: 127.0.0.1\r\n",
        "GET /health HTTP/1.1\r\nHost:\r\n",
        "GET /health HTTP/1.1\r\n",
        "GET /health HTTP/1.0\r\n",
        "GET /health HTTP/1.1\r\nHost: evil.test\r\nUpgrade: websocket\r\nSec-WebSocket-Key: eA==\r\n",
        "CONNECT 127.0.0.1:1 HTTP/1.1\r\nHost: 127.0.0.1:1\r\n",
        "OPTIONS * HTTP/1.1\r\nHost: evil.test\r\n",
    ],
)
def test_a_request_for_another_host_is_refused(server: Served, request_line: str) -> None:
    answer = exchange(server, f"{request_line}Connection: close\r\n\r\n".encode())
    assert statuses(answer)[0] in {400, 403, 405}
    assert b"\r\n\r\nOK" not in answer


# S11.
def test_a_request_that_names_the_server_in_its_line_is_answered(server: Served) -> None:
    answer = exchange(server, b"GET http://localhost/health HTTP/1.1\r\nHost: evil.test\r\nConnection: close\r\n\r\n")
    assert (statuses(answer), answer.endswith(b"OK")) == ([200], True)


# S11, S36.
def test_a_websocket_is_not_opened(server: Served) -> None:
    upgrade = (
        "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: eA==\r\n\r\n"
    )
    # The frame says that it has a gigabyte.
    answer = exchange(server, (GET + upgrade).encode() + b"\x82\x7f" + (1 << 30).to_bytes(8, "big"))
    assert 101 not in statuses(answer)


# S42.
@pytest.mark.parametrize(
    "head",
    [
        "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n0\r\n\r\n",
        "Content-Length: 2\r\nContent-Length: 40\r\n\r\n{}",
        "Content-Length: 2, 40\r\n\r\n{}",
        "Content-Length: +2\r\n\r\n{}",
        "Content-Length: -2\r\n\r\n{}",
        "Content-Length: 0x2\r\n\r\n{}",
        "Content-Length : 2\r\n\r\n{}",
        "Content-Length: 99999999999999999999999\r\n\r\n{}",
        "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\nZ\r\n{}\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n-2\r\n{}\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n2{}\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n{}\r\n0\r\n\r\n",
        "X: a\r\n b: c\r\nTransfer-Encoding:\r\n chunked\r\nContent-Length: 2\r\n\r\n0\r\n\r\n",
        "X: a\r\n: empty\r\n\r\n",
        "X: a\0b\r\nContent-Length: 2\r\n\r\n{}",
        "X: a\rContent-Length: 2\r\n\r\n{}",
    ],
)
def test_where_a_request_ends_is_never_in_doubt(server: Served, head: str) -> None:
    answer = exchange(server, (POST + head + BEHIND).encode())
    assert statuses(answer)[-1] == 400
    assert b"connection: close" in answer
    assert "evil" not in names(server)


# S36.
def test_a_head_that_never_ends_is_refused(server: Served) -> None:
    long = "a" * 200_000
    many = "".join(f"X{number}: a\r\n" for number in range(20_000))
    for start in (f"{GET}X: {long}", f"{GET}{many}", f"GET /{long} HTTP/1.1\r\nHost: 127.0.0.1\r\n", long.upper()):
        for end in ("", "\r\n\r\n"):
            answer = exchange(server, (start + end).encode())
            assert statuses(answer) in ([400], []), (start[:40], end)


# S36, S40.
def test_half_a_request_keeps_nobody_waiting(server: Served) -> None:
    with ExitStack() as lines:
        for number in range(200):
            line = lines.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=20))
            line.sendall((GET if number % 2 else POST + "Content-Length: 9\r\n\r\n{").encode())
        assert httpx.get(f"{server.address}/health").text == "OK"


# S48.
def test_no_request_has_started_a_program(server: Served) -> None:
    for path in ("/api/2.0/mlflow/runs/create", "/api/2.0/mlflow/projects/run", "/api/3.0/jobs/", "/run"):
        httpx.post(f"{server.address}{path}", json={"command": "id", "entry_point": "main", "uri": "."})
    tasks = Path(f"/proc/{server.process.pid}/task")
    assert [each.read_text() for each in tasks.glob("*/children")] == [""] * len(list(tasks.iterdir()))


# S44.
def test_what_was_asked_does_not_reach_the_log_as_it_is(server: Served) -> None:
    exchange(server, b"GET /\x1b]8;;evil\x07%1b%5b31m%0aforged HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    log = server.log.read_text()
    assert "forged" not in log
    assert all(character.isprintable() or character == "\n" for character in log)


def memory(server: Served) -> int:
    """Return how many bytes of memory a server holds."""
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{server.process.pid}/status").read_text())
    assert found is not None
    return int(found[1]) * 1024


# S40.
@pytest.mark.campaign
@pytest.mark.timeout(600)
def test_two_thousand_idle_and_two_hundred_half_open_connections(tmp_path: Path) -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with served(tmp_path) as server, ExitStack() as lines:
        for number in range(2200):
            line = lines.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=20))
            if number % 11 == 0:
                line.sendall(GET.encode())
        for _ in range(20):
            begun = time.monotonic()
            assert httpx.get(f"{server.address}/health").text == "OK"
            assert time.monotonic() - begun < 1
        # Those that are half open go after 20 seconds, and the server says nothing of it.
        found = ""
        deadline = time.monotonic() + 60
        while "tracker_connections 2001\n" not in found and time.monotonic() < deadline:
            found = httpx.get(f"{server.address}/metrics").text
            time.sleep(1)
        assert "tracker_connections 2001\n" in found


# S36.
@pytest.mark.campaign
@pytest.mark.timeout(600)
def test_a_gigabyte_is_refused_or_kept_on_the_disk_alone(tmp_path: Path) -> None:
    def gigabyte() -> Iterator[bytes]:
        for _ in range(1024):
            yield b" " * (1 << 20)

    with served(tmp_path) as server:
        before = memory(server)
        kind = {"content-type": "application/json"}
        # What comes after the answer is read and thrown away.
        refused = httpx.post(f"{server.address}{API}/runs/create", content=gigabyte(), headers=kind, timeout=300)
        assert refused.status_code == 413
        assert memory(server) - before < 100 << 20
        path = "/api/2.0/mlflow-artifacts/artifacts/large/file.bin"
        assert httpx.put(f"{server.address}{path}", content=gigabyte(), timeout=300).status_code == 200
        assert memory(server) - before < 100 << 20
        size = 0
        with httpx.stream("GET", f"{server.address}{path}", timeout=300) as answer:
            for piece in answer.iter_raw():
                size += len(piece)
        assert size == 1 << 30
        assert memory(server) - before < 100 << 20


# S36.
@pytest.mark.campaign
@pytest.mark.timeout(3600)
def test_a_million_requests_leave_the_memory_as_it_was(tmp_path: Path) -> None:
    burst = GET.encode() + b"\r\n"
    with served(tmp_path) as server, socket.create_connection(("127.0.0.1", server.port)) as line:
        line.sendall(burst)
        length = len(line.recv(1 << 16))
        sizes = []
        for _ in range(10):
            for _ in range(1000):
                line.sendall(burst * 100)
                left = 100 * length
                while left:
                    left -= len(line.recv(left))
            sizes.append(memory(server))
        assert sizes[-1] - sizes[0] < 20 << 20, sizes
