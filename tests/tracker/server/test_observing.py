"""What is told of requests: figures in Prometheus's format, and a log whose lines are JSON whatever was asked."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.errors import InvalidInput
from tracker.server import Manner
from tracker.server.access_log import access_log, line_of
from tracker.server.meter import BUCKETS, Family, Meter, Sample, text_of
from tracker.server.observing import GONE, Seen

from ...in_process import in_process

SAMPLE = re.compile(r'(\w+)(\{(?:\w+="(?:[^"\\\n]|\\["\\n])*",?)*\})? (\S+)')
pytestmark = pytest.mark.anyio


def seen(route: str = "/r", status: int = 200, seconds: float = 0.003, path: str = "/r", user: str = "") -> Seen:
    return Seen("GET", path, route, status, 5, seconds, user)


# S44.
@given(st.text(), st.text(max_size=20))
def test_a_line_is_ascii_json_without_a_control(path: str, user: str) -> None:
    line = line_of(seen(path=path, user=user), 0)
    assert line.endswith(b"\n")
    assert all(0x20 <= byte < 0x7F for byte in line[:-1])
    told = json.loads(line)
    assert told["path"] == path.replace("\x7f", "%7F")
    assert told.get("user", "").replace("\x7f", "") == user.replace("\x7f", "")


def test_a_line_says_what_came_of_it() -> None:
    told = json.loads(line_of(seen(status=404, seconds=0.0123456, path="/x%20y"), 1_700_000_000_123))
    assert told == {
        "time": "2023-11-14T22:13:20.123+00:00",
        "method": "GET",
        "path": "/x%20y",
        "status": 404,
        "bytes": 5,
        "ms": 12.346,
    }


def test_lines_are_appended_to_a_file_of_its_own_mode(tmp_path: Path) -> None:
    os.umask(0)
    place = tmp_path / "access.log"
    for _ in range(2):
        access_log(str(place))(seen())
    assert len(place.read_bytes().splitlines()) == 2
    assert place.stat().st_mode & 0o777 == 0o600


def test_a_log_that_cannot_be_written_is_said_before_it_is_needed(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="name a file that can be written"):
        access_log(str(tmp_path / "no" / "folder" / "log"))


@given(st.lists(st.floats(0, 20)))
def test_a_histogram_counts_everything_once(times: list[float]) -> None:
    meter = Meter()
    for seconds in times:
        meter(seen(seconds=seconds))
    text = text_of(meter.families())
    for limit in BUCKETS:
        found = re.search(rf'_bucket{{route="/r",le="{re.escape(str(limit))}"}} (\d+)', text)
        assert (int(found[1]) if found else 0) == sum(seconds <= limit for seconds in times)
    if times:
        assert f'tracker_request_seconds_count{{route="/r"}} {len(times)}\n' in text


@given(st.dictionaries(st.from_regex(r"\A[a-z]\w*\Z", fullmatch=True), st.text(), max_size=3))
def test_no_label_breaks_a_line(labels: dict[str, str]) -> None:
    text = text_of([Family("f", "About.", "gauge", [Sample("", labels, 1.5)])])
    assert text.count("\n") == text.replace('\\"', "").count("\n") == 3
    assert SAMPLE.fullmatch(text.split("\n")[2]) or any(
        set(each) & set("\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029") for each in labels.values()
    )


async def test_requests_points_and_journals_are_counted(store: Path) -> None:
    watched: list[Seen] = []
    async with in_process(store, Manner(watchers=[watched.append])) as served:
        made = await served.client.post("/api/2.0/mlflow/runs/create", json={})
        run_id = made.json()["run"]["info"]["run_id"]
        point = {"run_id": run_id, "key": "loss", "value": 1, "timestamp": 1}
        for path in ("/api/2.0/mlflow/runs/log-metric", "/ajax-api/2.0/mlflow/runs/log-metric", "/nothing"):
            await served.client.post(path, json=point)
        assert (await served.client.get("/health", headers={"host": "evil.test"})).status_code == 403
        answer = await served.client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert all(SAMPLE.fullmatch(line) for line in answer.text.splitlines() if not line.startswith("#"))
    # By its route, whatever the path was.
    assert 'requests_total{method="POST",route="/api/2.0/mlflow/runs/log-metric",status="200"} 2\n' in answer.text
    assert 'requests_total{method="GET",route="",status="403"} 1\n' in answer.text
    assert "\ntracker_points_logged_total 2\n" in answer.text
    assert re.search(r"\ntracker_journal_bytes \d+\n", answer.text)
    assert [each.status for each in watched] == [200, 200, 200, 404, 403, 200]
    assert watched[0].size == len(made.content)


async def test_who_is_gone_before_the_answer_is_counted_so(store: Path) -> None:
    watched: list[Seen] = []
    async with in_process(store, Manner(watchers=[watched.append])) as served:
        scope = {"type": "http", "method": "POST", "path": "/api/2.0/mlflow/runs/create", "query_string": b""}
        headers = [(b"host", b"127.0.0.1"), (b"content-type", b"application/json")]

        async def gone() -> dict[str, str]:
            return {"type": "http.disconnect"}

        await served.app({**scope, "headers": headers}, gone, gone)
    assert [each.status for each in watched] == [GONE]
