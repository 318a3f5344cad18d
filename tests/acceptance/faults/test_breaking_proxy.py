"""Whatever is lost or doubled on the way, clients who send again what was not answered log each point once."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest

import tracker
from tests.served import PROGRAM, served

from .breaking import FATES, breaking

CLIENTS = 4
# As if no point could be a repeat of another.
WITHOUT_DEDUPE = f"""
import tracker.store.sqlite.commits as commits

def all_of_them(connection, once, found):
    return list(found)

commits.new_only = all_of_them
{PROGRAM}
"""

Point = tuple[str, int, float]


class Client(threading.Thread):
    """Sends points, one by one and in batches, each request again and again until it is answered."""

    def __init__(self, address: str, run_id: str, count: int) -> None:
        super().__init__()
        self.run_id = run_id
        self.sent: list[Point] = []
        self._address, self._count = address, count

    def run(self) -> None:
        with httpx.Client(base_url=self._address, timeout=30) as client:
            for step in range(self._count):
                # The same step with another value is another point.
                one = [("loss", step // 2, step / 8)]
                many = [(f"m{number}", step, number / 8) for number in range(5)]
                point = _spelled(one[0])
                self._send(client, "log-metric", {"run_id": self.run_id, **point})
                params = [{"key": f"p{step}", "value": str(step)}]
                batch = {"run_id": self.run_id, "metrics": [_spelled(each) for each in many], "params": params}
                self._send(client, "log-batch", batch)
                self.sent += one + many

    def _send(self, client: httpx.Client, path: str, body: Mapping[str, object]) -> None:
        while True:
            try:
                client.post(f"/api/2.0/mlflow/runs/{path}", json=body).raise_for_status()
            except httpx.TransportError:
                continue
            return


def _spelled(point: Point) -> dict[str, object]:
    key, step, value = point
    return {"key": key, "step": step, "timestamp": 1000 + step, "value": value}


def stored(store: tracker.Tracker, run_id: str) -> list[Point]:
    found = []
    for key in store.get_run(run_id).metrics:
        history = store.metric_history(run_id, key)
        found += [(key, int(step), float(value)) for step, value in zip(history.steps, history.values, strict=True)]
    return found


def through_the_proxy(folder: Path, program: str, seed: int, count: int) -> tuple[Counter[Point], Counter[Point]]:
    """Log by several clients through a breaking proxy; return what was sent, and what is stored."""
    with served(folder, program=program) as server, breaking(server.address, seed) as proxy:
        create = f"{server.address}/api/2.0/mlflow/runs/create"
        runs = [httpx.post(create, json={}).json()["run"]["info"]["run_id"] for _ in range(CLIENTS)]
        clients = [Client(proxy.address, run, count) for run in runs]
        for client in clients:
            client.start()
        for client in clients:
            client.join()
        assert set(proxy.fates) == set(FATES)
        server.stop()
    with tracker.open(folder / "store", create=False) as store:
        for run in runs:
            params = {f"p{step}": str(step) for step in range(count)}
            assert store.get_run(run).params == params
        found = [Counter(stored(store, run)) for run in runs]
    assert len(found) == CLIENTS
    sent = Counter[Point]()
    for client in clients:
        sent.update(client.sent)
    return sent, sum(found, Counter[Point]())


@pytest.mark.parametrize(
    ("seed", "count"), [(1, 12), pytest.param(2, 1500, marks=[pytest.mark.campaign, pytest.mark.timeout(900)])]
)
def test_each_point_is_stored_once(tmp_path: Path, seed: int, count: int) -> None:
    sent, found = through_the_proxy(tmp_path, PROGRAM, seed, count)
    assert sent.total() == CLIENTS * count * 6
    assert found == sent


def test_without_a_look_for_repeats_points_are_stored_twice(tmp_path: Path) -> None:
    sent, found = through_the_proxy(tmp_path, WITHOUT_DEDUPE, 1, 12)
    assert set(found) == set(sent)
    assert found.total() > sent.total()
