"""Who watches is told what was logged: by a call, or by datagrams to a socket."""

from __future__ import annotations

import json
import math
import socket
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tracker
from tracker.client.watching import Mail
from tracker.errors import InvalidInput, InvalidMetric

Program = Callable[..., subprocess.CompletedProcess[str]]
Told = list[tuple[str, Mapping[str, float], int, str | None]]

LOGS_ALL_WAYS = """
    import math
    import tracker

    run = tracker.current_run()
    run.log({"loss": 0.5, "acc": 1}, step=3)
    run.log({"loss": math.nan, "up": math.inf, "down": -math.inf}, step=4)
    run.log_batch({"loss": [3.0, 2.0, 1.0]}, steps=[5, 6, 7])
    run.log_model("net", lambda folder: (folder / "w").write_text("w"), step=8).log({"acc": 0.75})
"""


@pytest.fixture
def listening(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as made:
        made.bind(str(tmp_path / "watch"))
        made.settimeout(0)
        yield made


def received(listening: socket.socket) -> list[Any]:
    found: list[Any] = []
    while True:
        try:
            found.append(json.loads(listening.recv(1 << 18)))
        except BlockingIOError:
            return found


def test_a_watch_is_told_of_each_way_to_log(opened: tracker.Tracker, validation: tracker.Dataset) -> None:
    run_id, told = opened.start_run("x").run_id, Told()
    with tracker.attach(opened.store, watch=lambda *what: told.append(what)) as attachment:
        run = attachment.run(run_id, "x")
        run.log({"loss": 0.5, "n": np.int64(2)}, step=1)
        run.log({"loss": np.array(0.25)}, step=np.int64(2))  # type: ignore[arg-type]  # a number all the same
        run.log_batch({"loss": [1, 2, 3], "acc": [4.0, 5.0, 6.0]}, steps=[30, 20, 10])
        run.log_batch({"loss": []})
        model = run.log_model("net", lambda folder: (folder / "w").write_text("w"), step=7)
        model.log({"acc": 0.75}, dataset=validation)
        child = run.start_child()
        child.log({"loss": 9})
    assert told == [
        (run_id, {"loss": 0.5, "n": 2.0}, 1, None),
        (run_id, {"loss": 0.25}, 2, None),
        (run_id, {"loss": 3.0, "acc": 6.0}, 10, None),
        (run_id, {"acc": 0.75}, 7, model.model_id),
        (child.run_id, {"loss": 9.0}, 0, None),
    ]
    assert {(type(value), type(step)) for _, metrics, step, _ in told for value in metrics.values()} == {(float, int)}


@pytest.mark.anyio
async def test_a_watch_is_told_in_async_code(store: Path) -> None:
    told = Told()
    async with tracker.connect(store) as opened:
        run_id = (await opened.start_run("x")).run_id
        with tracker.attach(store, watch=lambda *what: told.append(what)) as attachment:
            run = attachment.async_run(run_id)
            await run.log({"loss": 1}, step=1)
            await run.log_batch({"loss": [2, 3]})
            model = await run.log_model("net", lambda folder: (folder / "w").write_text("w"), step=4)
            await model.log({"acc": 5})
    assert [what[1:] for what in told] == [
        ({"loss": 1}, 1, None),
        ({"loss": 3}, 1, None),
        ({"acc": 5}, 4, model.model_id),
    ]


def test_what_was_refused_is_not_told(opened: tracker.Tracker) -> None:
    run_id, told = opened.start_run("x").run_id, Told()
    with tracker.attach(opened.store, watch=lambda *what: told.append(what)) as attachment:
        with pytest.raises(InvalidMetric):
            attachment.run(run_id).log({"loss": "much"})
        with pytest.raises(InvalidMetric):
            attachment.run(run_id).log({"loss": 1.0}, step=2**63)
    assert told == []


@pytest.mark.parametrize("error", [KeyError, OverflowError])
def test_what_a_watch_raises_comes_after_logging_once(opened: tracker.Tracker, error: type[Exception]) -> None:
    def watch(*_: object) -> None:
        raise error

    run_id = opened.start_run("x").run_id
    with tracker.attach(opened.store, watch=watch) as attachment, pytest.raises(error):
        attachment.run(run_id).log({"loss": 1.0})
    assert opened.catch_up()
    assert opened.metric_history(run_id, "loss").values.tolist() == [1.0]


def test_a_script_tells_the_socket_of_its_environment(
    opened: tracker.Tracker, run_python: Program, listening: socket.socket
) -> None:
    run_id = opened.start_run("trials").run_id
    environment = {
        "TRACKER_STORE": opened.store,
        "TRACKER_RUN_ID": run_id,
        "TRACKER_EXPERIMENT": "trials",
        "TRACKER_RUN_TOKEN": "2",
    }
    done = run_python(LOGS_ALL_WAYS, **environment, TRACKER_WATCH=listening.getsockname())
    messages = received(listening)
    assert (done.stderr, [set(message) for message in messages]) == (
        "",
        [{"run_id", "token", "step", "metrics", "model_id"}] * 4,
    )
    assert {(message["run_id"], message["token"]) for message in messages} == {(run_id, 2)}
    assert [(message["step"], message["metrics"]) for message in messages] == [
        (3, {"loss": 0.5, "acc": 1.0}),
        (4, {"loss": "NaN", "up": "Infinity", "down": "-Infinity"}),
        (7, {"loss": 1.0}),
        (8, {"acc": 0.75}),
    ]
    # As whoever listens reads them.
    assert [float(messages[1]["metrics"][key]) for key in ("up", "down")] == [math.inf, -math.inf]
    assert math.isnan(float(messages[1]["metrics"]["loss"]))
    assert opened.catch_up()
    assert opened.metric_history(run_id, "loss").steps.tolist() == [3, 4, 5, 6, 7]


def test_what_cannot_be_sent_is_dropped(tmp_path: Path, listening: socket.socket) -> None:
    elsewhere = Mail(str(tmp_path / "nobody"), 0)
    elsewhere("r", {"loss": 1.0}, 0)
    mail = Mail(listening.getsockname(), 0)
    for step in range(10_000):
        mail("r", {"loss": 1.0}, step)
    # The first ones arrived, up to what the system keeps of them for who does not read.
    found = received(listening)
    assert [message["step"] for message in found] == list(range(len(found)))
    assert 0 < len(found) < 10_000
    mail("r", {"loss": 1.0}, -1)
    assert [message["step"] for message in received(listening)] == [-1]


def test_who_listens_may_come_late_and_come_again(tmp_path: Path) -> None:
    mail = Mail(str(tmp_path / "watch"), 0)
    mail("r", {"loss": 1.0}, 0)
    for step in (1, 4):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
            listening.bind(str(tmp_path / "watch"))
            listening.settimeout(0)
            mail("r", {"loss": 1.0}, step)
            # The first message after a change of the listener may be the one that finds it out.
            mail("r", {"loss": 1.0}, step + 1)
            assert received(listening)[-1]["step"] == step + 1
        (tmp_path / "watch").unlink()


def test_very_many_metrics_are_told_in_parts(listening: socket.socket) -> None:
    metrics = {f"{number:04d}".ljust(250, "x"): float(number) for number in range(800)}
    mail = Mail(listening.getsockname(), 0)
    mail("r", metrics, 1)
    found = received(listening)
    assert {key: value for message in found for key, value in message["metrics"].items()} == metrics


@pytest.mark.parametrize("token", ["one", "-1", str(2**63), "1.5"])
def test_a_token_is_a_whole_number(opened: tracker.Tracker, monkeypatch: pytest.MonkeyPatch, token: str) -> None:
    monkeypatch.setenv("TRACKER_STORE", opened.store)
    monkeypatch.setenv("TRACKER_RUN_ID", opened.start_run("x").run_id)
    monkeypatch.setenv("TRACKER_RUN_TOKEN", token)
    with pytest.raises(InvalidInput, match="whole number"):
        tracker.current_run()
