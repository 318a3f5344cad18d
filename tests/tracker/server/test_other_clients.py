"""Requests in the form that MLflow's clients for Java and R give them; those clients themselves are not here.

Java prints protobuf's JSON: whole numbers of 64 bits are texts, enumerations names, and a run has both its names.
R makes a text of every value, large numbers with an exponent, and leaves out what is NULL.
"""

from __future__ import annotations

from typing import Any

import httpx
import pytest

KINDS = ("application/json", "application/json; charset=utf-8", "application/json; charset=UTF-8")


class Foreign:
    """Sends what it is given as it is."""

    def __init__(self, client: httpx.Client, kind: str) -> None:
        self._client = client
        self._headers = {"Content-Type": kind, "User-Agent": "mlflow-java-client/3.17.2"}

    def post(self, path: str, body: str) -> Any:  # noqa: ANN401  # any JSON
        """Post a body, and return the answer."""
        return self._read(self._client.post(f"/api/2.0/mlflow/{path}", content=body.encode(), headers=self._headers))

    def get(self, path: str) -> Any:  # noqa: ANN401  # any JSON
        """Get a path with its query, and return the answer."""
        return self._read(self._client.get(f"/api/2.0/mlflow/{path}"))

    def _read(self, answer: httpx.Response) -> Any:  # noqa: ANN401  # any JSON
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == "application/json"
        return answer.json()


@pytest.fixture(params=KINDS)
def foreign(http: httpx.Client, request: pytest.FixtureRequest) -> Foreign:
    return Foreign(http, request.param)


def started(foreign: Foreign, body: str) -> str:
    info = foreign.post("runs/create", body)["run"]["info"]
    assert info["run_uuid"] == info["run_id"]
    return str(info["run_id"])


def points(foreign: Foreign, run: str, key: str) -> list[Any]:
    found = foreign.get(f"metrics/get-history?run_uuid={run}&run_id={run}&metric_key={key}")["metrics"]
    return [(each["step"], each["timestamp"], each["value"]) for each in found]


def test_java(foreign: Foreign) -> None:
    run = started(foreign, '{\n  "experiment_id": "0",\n  "user_id": "ann",\n  "start_time": "1700000000000"\n}')
    both = f'"run_uuid": "{run}", "run_id": "{run}"'
    foreign.post("runs/log-parameter", f'{{{both}, "key": "größe", "value": "0,1"}}')
    for value in ("0.5", '"NaN"', '"-Infinity"', "1.0E-5"):
        metric = f'"key": "loss", "value": {value}, "timestamp": "1700000000001", "step": "7"'
        foreign.post("runs/log-metric", f"{{{both}, {metric}}}")
    batch = '"metrics": [{"key": "acc", "value": 1.0, "timestamp": "1700000000002", "step": "-1"}]'
    foreign.post("runs/log-batch", f'{{"run_id": "{run}", {batch}, "tags": [{{"key": "team", "value": "a"}}]}}')
    foreign.post("runs/update", f'{{{both}, "status": "FINISHED", "end_time": "1700000000003"}}')

    found = foreign.get(f"runs/get?run_uuid={run}&run_id={run}")["run"]
    assert (found["info"]["status"], found["info"]["end_time"], found["info"]["user_id"]) == (
        "FINISHED",
        1700000000003,
        "ann",
    )
    assert found["data"]["params"] == [{"key": "größe", "value": "0,1"}]
    assert {"key": "team", "value": "a"} in found["data"]["tags"]
    assert points(foreign, run, "acc") == [(-1, 1700000000002, 1.0)]
    assert {value for _, _, value in points(foreign, run, "loss")} == {0.5, "NaN", "-Infinity", 1e-5}
    searched = (
        '{"experiment_ids": ["0"], "filter": "metrics.acc = 1", "run_view_type": "ACTIVE_ONLY", "max_results": 9}'
    )
    assert run in {each["info"]["run_uuid"] for each in foreign.post("runs/search", searched)["runs"]}
    assert foreign.get(f"artifacts/list?run_uuid={run}&run_id={run}&path=") == {
        "root_uri": f"mlflow-artifacts:/0/{run}/artifacts"
    }


def test_r(foreign: Foreign) -> None:
    tags = '[{"key": "mlflow.user", "value": "ann"}]'
    run = started(foreign, f'{{"experiment_id":"0","user_id":"ann","start_time":"1700000000001","tags":{tags}}}')
    both = f'"run_uuid":"{run}","run_id":"{run}"'
    for value in ("0.5", "NaN", "Infinity", "1e-05"):
        metric = f'"key":"loss","value":"{value}","timestamp":"1.7e+12","step":"1e+05"'
        foreign.post("runs/log-metric", f"{{{both},{metric}}}")
    rows = '[{"key":"acc","value":"1","step":"0","timestamp":"1700000000001"}]'
    foreign.post("runs/log-batch", f'{{"run_id":"{run}","metrics":{rows},"params":[{{"key":"lr","value":"0.1"}}]}}')
    foreign.post("runs/update", f'{{{both},"status":"KILLED","end_time":"1.7e+12"}}')

    found = foreign.get(f"runs/get?run_uuid={run}&run_id={run}")["run"]
    assert (found["info"]["status"], found["info"]["end_time"]) == ("KILLED", 1_700_000_000_000)
    assert found["data"]["params"] == [{"key": "lr", "value": "0.1"}]
    assert {(step, time) for step, time, _ in points(foreign, run, "loss")} == {(100_000, 1_700_000_000_000)}
    assert {value for _, _, value in points(foreign, run, "loss")} == {0.5, "NaN", "Infinity", 1e-5}
    searched = '{"experiment_ids":["0"],"filter":"params.lr = \'0.1\'","run_view_type":"ACTIVE_ONLY","order_by":[]}'
    assert run in {each["info"]["run_uuid"] for each in foreign.post("runs/search", searched)["runs"]}


def test_ids_of_experiments_may_be_numbers_in_a_search_of_runs(foreign: Foreign) -> None:
    run = started(foreign, '{"experiment_id": "0"}')
    found = foreign.post("runs/search", '{"experiment_ids": [0], "max_results": 50000}')["runs"]
    assert run in {each["info"]["run_id"] for each in found}
