"""What the serving suite asks of servers is the same for all; what is wrong ends it; and no server outlives it."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import orjson
import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st

from benchmarks.figures import at_least
from benchmarks.programs import Facts, Failed
from benchmarks.serving import driver, finding, plans, rest, search_runs, turns, writing
from benchmarks.serving.file_servers import PYTHON, PlainServer, http_server, serving
from benchmarks.serving.memory import peak, resident
from benchmarks.serving.plans import Plan, body, plan_in
from benchmarks.serving.python_driver import status
from benchmarks.serving.servers import CEILING, FASTTRACKML, MLFLOW, OURS, SAID, Server, ceiling, kept, ours, peer, up
from benchmarks.serving.transfer import fetch, there_and_back
from benchmarks.setting import Setting

RUNS = [f"{number:032x}" for number in range(plans.CLIENTS)]
# A program that starts another one, says who that is, and would run for long.
LONG = """
import subprocess, sys, time
print(subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]).pid, flush=True)
time.sleep(600)
"""


@pytest.fixture
def setting(tmp_path: Path) -> Setting:
    return Setting(points=10, rounds=1, large=1, seconds=1, models=10, trials=1, folder=tmp_path, peers=None)


@pytest.mark.parametrize(("plan", "points"), [(plans.log_metric(RUNS), 1), (plans.log_batch(RUNS), 100)])
def test_every_client_logs_to_its_own_run_and_no_step_twice(plan: Plan, points: int) -> None:
    said = [orjson.loads(body(plan, number)) for number in range(4 * plans.VALUES + 8)]
    assert [each["run_id"] for each in said[:5]] == [*RUNS, RUNS[0]]
    first = said[0]["metrics"] if points > 1 else [said[0]]
    assert len(first) == plan.points == points
    assert {(each["step"], each["timestamp"]) for each in first} == {(1, 1)}
    steps = [(each["metrics"][0] if points > 1 else each)["step"] for each in said if each["run_id"] == RUNS[1]]
    assert steps == list(range(1, len(steps) + 1))


@drawn(st.lists(st.text().map(lambda text: orjson.dumps({"a": text}).decode()), min_size=1), st.integers(1, 9))
def test_a_plan_is_read_as_it_was_kept(bodies: list[str], clients: int) -> None:
    plan = Plan("/path", bodies, clients)
    with tempfile.TemporaryDirectory() as folder:
        assert plan_in(plan.kept(Path(folder))) == plan


@pytest.mark.parametrize("has_wrk", [True, pytest.param(False, marks=pytest.mark.campaign)])
def test_what_was_answered_is_there(has_wrk: bool, setting: Setting, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: FBT001  # a case
    if not has_wrk:
        monkeypatch.setattr("shutil.which", lambda _: None)
    facts = writing.turn(setting, ours(), plans.log_batch)
    assert facts["requests"] > 0
    assert facts["rate"] > 0
    assert 0 <= facts["points"] - 100 * facts["requests"] <= 400
    assert has_wrk or facts["driver"] == "Python"
    assert list(setting.folder.iterdir()) == []


def test_one_refusal_is_one_too_many(setting: Setting) -> None:
    with up(ours(), setting.folder) as running:
        with pytest.raises(Failed, match=r"of [\d,]+ requests [\d,]*[1-9]\d* were refused, 0 broken"):
            driver.drive(running.port, plans.log_metric(RUNS), 1, setting.folder)
        with rest.connected(running.port) as client, pytest.raises(Failed, match="was answered 404"):
            client.get("/nowhere", {})


def test_points_that_are_missing_end_it(setting: Setting) -> None:
    with up(ours(), setting.folder) as running:
        with rest.connected(running.port) as client:
            runs = rest.start_runs(client, 1)
            client.post(plans.log_metric(runs).path, orjson.loads(body(plans.log_metric(runs), 0)))
        assert writing.counted(running, plans.log_metric(runs), runs, 1) == {"points": 1}
        with pytest.raises(Failed, match="1 points are there, and 2 requests of 1 were answered"):
            writing.counted(running, plans.log_metric(runs), runs, 2)


@pytest.mark.campaign
def test_searches_are_answered_rightly_or_not_at_all(setting: Setting) -> None:
    answer = finding.answer(setting, "runs", search_runs.search(20), {CEILING: None, MLFLOW: at_least(1, 2)})
    assert [(figure.versus, figure.ratio is None) for figure in answer.figures] == [(CEILING, False), (MLFLOW, True)]
    assert answer.figures[1].note == "peers were left out"
    folder = setting.folder / "runs-20-ours"
    with up(ours(), folder) as running, rest.connected(running.port) as client:
        wrong = search_runs.search(30)
        with pytest.raises(Failed, match="runs/search: the answer is wrong"):
            wrong.check(client, wrong.plan(client))


def test_the_ceiling_says_what_it_was_given(tmp_path: Path) -> None:
    (tmp_path / "answer.json").write_bytes(b'{"a":[1]}')
    with up(ceiling(), tmp_path) as running, rest.connected(running.port) as client:
        assert client.post("/any/where", {}) == {"a": [1]}
        assert resident(running.pid) <= peak(running.pid)
        assert running.seconds > 0
    with pytest.raises(Failed, match="was not answered"), rest.connected(running.port) as client:
        client.post("/any/where", {})


def test_all_that_was_started_ends(tmp_path: Path) -> None:
    with kept([sys.executable, "-c", LONG], tmp_path, {}) as (keeper, facts):
        child = int(first_line(tmp_path / SAID))
        assert keeper.poll() is None
    for pid in (facts["pid"], child):
        assert is_gone(pid)


def first_line(path: Path) -> str:
    while not (text := path.read_text("utf-8")).endswith("\n"):
        pass
    return text


def is_gone(pid: int) -> bool:
    """Tell whether a process has ended, though nobody may have asked how."""
    stat = Path(f"/proc/{pid}/stat")
    try:
        return stat.read_text("utf-8").rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def test_what_runs_ends_when_the_benchmark_is_killed(tmp_path: Path) -> None:
    program = f"""
import os, signal, sys
from pathlib import Path
from benchmarks.serving.servers import kept
with kept([sys.executable, "-c", {LONG!r}], Path({str(tmp_path)!r}), {{}}) as (keeper, facts):
    print(keeper.pid, facts["pid"], flush=True)
    sys.stdin.readline()
    os.kill(os.getpid(), signal.SIGKILL)
"""
    with subprocess.Popen([sys.executable, "-c", program], stdin=-1, stdout=-1, text=True) as process:
        assert process.stdin
        assert process.stdout
        keeper, pid = map(int, process.stdout.readline().split())
        child = int(first_line(tmp_path / SAID))
        process.stdin.write("\n")
    while not is_gone(keeper):
        pass
    while not is_gone(pid):
        pass
    while not is_gone(child):
        pass


def test_a_server_that_does_not_start_is_one_line(tmp_path: Path) -> None:
    broken = Server(lambda _folder, _port: [sys.executable, "-c", "raise SystemExit('no room')"])
    with pytest.raises(Failed, match=r"^the server ended: no room$"), up(broken, tmp_path):
        pass


def test_a_peer_that_fails_has_a_reason_and_ours_may_not(setting: Setting, capsys: pytest.CaptureFixture[str]) -> None:
    def turn(name: str, _server: Server) -> Facts:
        if name in failing:
            raise Failed("busy")
        return {"rate": 2.0}

    failing = {MLFLOW}
    found = turns.in_turns(setting, {OURS: ours(), MLFLOW: ours(), FASTTRACKML: "not for this system"}, turn)
    assert found == {OURS: [{"rate": 2.0}], MLFLOW: "busy", FASTTRACKML: "not for this system"}
    assert capsys.readouterr().err == f"  {MLFLOW}: not measured: busy\n"
    figures = turns.figures("f", found, {MLFLOW: None, FASTTRACKML: at_least(1, 2)})
    assert [(each.ours, each.note, each.verdict) for each in figures] == [
        (2.0, "busy", "not measured"),
        (2.0, "not for this system", "not measured"),
    ]
    failing = {OURS}
    with pytest.raises(Failed, match="busy"):
        turns.in_turns(setting, {OURS: ours()}, turn)
    assert peer(setting, MLFLOW) == "peers were left out"


@pytest.mark.parametrize(
    "said",
    [
        b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n2;a=b\r\n{}\r\n0\r\n\r\n",
        b"HTTP/1.1 404 Not Found\r\n\r\n",
    ],
)
def test_an_answer_is_read_to_its_end(said: bytes) -> None:
    async def read() -> tuple[int, bytes]:
        reader = asyncio.StreamReader()
        reader.feed_data(said + b"next")
        reader.feed_eof()
        return await status(reader), await reader.read()

    assert asyncio.run(read()) == (404, b"next")


def test_a_file_goes_up_and_comes_down(tmp_path: Path) -> None:
    (file := tmp_path / "file").write_bytes(os.urandom(3_000_000))
    with serving(PlainServer(PYTHON, http_server), tmp_path) as port:
        assert all(rate > 0 for rate in there_and_back(port, "/a.bin", file).values())
        with pytest.raises(Failed, match=r"/none.bin was answered 404"):
            fetch(port, "/none.bin", len)
    assert (tmp_path / "kept" / "a.bin").read_bytes() == file.read_bytes()
