"""A store behind a server: whatever breaks on the way or dies, each point that was logged is stored once."""

from __future__ import annotations

import random
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from itertools import chain, repeat
from pathlib import Path
from subprocess import Popen

import pytest

import tracker
from tests.served import PROGRAM, served
from tracker.cli.main import main

from .dice import dice
from .ledger import Ledger, verify

CLIENTS = 3
# How many bytes pass in each direction until a connection is cut.
LIMITS = (200, 500, 3_000, 40_000, 10**7)
# As if a server did not look at how far a journal is stored.
WITHOUT_POSITIONS = f"""
from tracker.journal import Position, Received
from tracker.store.sqlite import SqliteStore

async def nothing(self, journal_ids):
    return {{}}

SqliteStore.received_positions = nothing
look = Received.beyond
Received.beyond = lambda self, stored, first_place: look(self, Position(self.sent.part, self.sent.after), first_place)
{PROGRAM}
"""
LOGS = """
    import sys
    from pathlib import Path
    import tracker
    from tests.acceptance.faults.ledger import Ledger

    url, run_id, ledgers = sys.argv[1:]
    ledger = Ledger(Path(ledgers))
    run = tracker.attach(url).run(run_id)
    step = 0
    while True:
        ledger.log(run, {"loss": step / 8, "acc": -step}, step)
        step += 1
        if step == 50:
            print("logging", flush=True)
"""


class Breaking(threading.Thread):
    """A proxy of bytes that cuts connections: before, after or in the middle of an answer, or of a request."""

    def __init__(self, port: int, draw: random.Random) -> None:
        super().__init__()
        self._port, self._draw = port, draw
        # Of the first connection few bytes pass, so that one is cut for sure.
        self._limits = chain([LIMITS[:2]], repeat(LIMITS))
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.cuts = 0
        self.address = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self._lock = threading.Lock()

    def run(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                threading.Thread(target=self._pass, args=(client,)).start()

    def close(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self.join()

    def _pass(self, client: socket.socket) -> None:
        with self._lock:
            choices = next(self._limits)
            limits = [self._draw.choice(choices) for _ in range(2)]
        with client, suppress(OSError), socket.create_connection(("127.0.0.1", self._port)) as server:
            back = threading.Thread(target=self._copy, args=(server, client, limits[1]))
            back.start()
            self._copy(client, server, limits[0])
            back.join()

    def _copy(self, source: socket.socket, target: socket.socket, limit: int) -> None:
        with suppress(OSError):
            while limit > 0 and (data := source.recv(min(limit, 65536))):
                target.sendall(data)
                limit -= len(data)
            self.cuts += limit <= 0
        for each in (source, target):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)


@contextmanager
def breaking(port: int, seed: int) -> Iterator[Breaking]:
    proxy = Breaking(port, dice(seed))
    proxy.start()
    try:
        yield proxy
    finally:
        proxy.close()


@pytest.fixture(autouse=True)
def spool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TRACKER_SPOOL", str(tmp_path / "spool"))
    return tmp_path / "spool"


def log_through(address: str, ledgers: Path, count: int, seed: int) -> None:
    """Log by several threads, each into a run of its own, and flush now and then."""
    draw, ledger = dice(seed), Ledger(ledgers)
    with tracker.open(address) as opened, opened.start_run("faults") as run:
        for step in range(count):
            ledger.log(run, {"loss": draw.random(), "acc": float(step)}, step)
            if step % 7 == 0:
                steps = range(count + 50 * step, count + 50 * step + 50)
                ledger.log_batch(run, {"acc": [draw.random() for _ in steps]}, steps)
            if step % 20 == 0:
                ledger.flush(run)
        while ledger.flush(run) != tracker.Level.STORED:
            pass
    ledger.close()


def through_the_proxy(folder: Path, ledgers: Path, program: str, count: int, seed: int) -> int:
    with served(folder, program=program) as server, breaking(server.port, seed) as proxy:
        clients = [
            threading.Thread(target=log_through, args=(proxy.address, ledgers, count, seed + number))
            for number in range(CLIENTS)
        ]
        for client in clients:
            client.start()
        for client in clients:
            client.join()
        return proxy.cuts


@pytest.mark.parametrize("count", [40, pytest.param(3000, marks=[pytest.mark.campaign, pytest.mark.timeout(900)])])
def test_whatever_is_cut_each_point_is_stored_once(tmp_path: Path, ledgers: Path, seed: int, count: int) -> None:
    cuts = through_the_proxy(tmp_path, ledgers, PROGRAM, count, seed)
    verdict = verify(tmp_path / "store", ledgers, "stored")
    assert verdict.problems == {}, seed
    assert verdict.acked == verdict.points
    assert cuts > 0


def test_without_positions_points_are_stored_twice(tmp_path: Path, ledgers: Path) -> None:
    through_the_proxy(tmp_path, ledgers, WITHOUT_POSITIONS, 40, 3)
    assert "duplicated" in verify(tmp_path / "store", ledgers, "stored").problems


def test_a_server_is_killed_under_its_clients(tmp_path: Path, ledgers: Path, seed: int) -> None:
    ledger = Ledger(ledgers)
    with ExitStack() as serving:
        server = serving.enter_context(served(tmp_path))
        with tracker.open(server.address) as opened, opened.start_run("faults") as run:
            for step in range(200):
                ledger.log(run, {"loss": step / 8}, step)
                if step == 100:
                    server.stop(signal.SIGKILL)
                    assert ledger.flush(run, 0.2) == tracker.Level.SYNCED
            serving.enter_context(served(tmp_path, "--port", str(server.port)))
            assert ledger.flush(run) == tracker.Level.STORED
    verdict = verify(tmp_path / "store", ledgers, "stored")
    assert (verdict.problems, verdict.acked) == ({}, 200), seed


def test_what_a_killed_client_logged_is_sent_by_sync(
    tmp_path: Path,
    ledgers: Path,
    start_python: Callable[..., Popen[str]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    with served(tmp_path) as server:
        with tracker.open(server.address) as opened:
            run_id = opened.start_run("faults").run_id
        address, port = server.address, str(server.port)
        server.stop()
    client = start_python(LOGS, address, run_id, ledgers)
    assert client.stdout is not None
    assert client.stdout.readline() == "logging\n"
    client.send_signal(signal.SIGKILL)
    client.wait(20)
    assert main(["sync", "--store", address]) == 2
    assert "cannot be reached" in capsys.readouterr().err
    with served(tmp_path, "--port", port):
        assert main(["sync"]) == 0
    assert address in capsys.readouterr().out
    verdict = verify(tmp_path / "store", ledgers, "logged")
    assert verdict.problems == {}
    assert verdict.acked >= 50
    assert not list((tmp_path / "spool").rglob("*.journal"))
