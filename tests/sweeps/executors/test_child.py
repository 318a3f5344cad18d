from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from sweeps.executors import child as module
from sweeps.executors.child import Child

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["descriptor", "no descriptor"])
def start(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> type[Child]:
    """Processes on a system that has process descriptors, and on one that has none."""
    if request.param == "no descriptor":
        monkeypatch.setattr(module, "_descriptor_of", lambda _: None)
    return Child


def run(start: type[Child], body: str) -> Child:
    return start.start(
        [sys.executable, "-c", body], stdin=subprocess.DEVNULL, output=None, environment=dict(os.environ)
    )


async def test_a_process_ends_with_its_code(start: type[Child]) -> None:
    child = run(start, "raise SystemExit(7)")
    await child.wait()
    assert child.has_ended()
    assert child.reap() == 7


async def test_a_process_that_is_killed_ends_with_the_signal(start: type[Child]) -> None:
    child = run(start, "import time; time.sleep(600)")
    assert not child.has_ended()
    await child.wait_while_killing()
    assert child.reap() == -signal.SIGKILL


async def test_once_it_is_reaped_nothing_of_its_id_is_signalled(
    start: type[Child], monkeypatch: pytest.MonkeyPatch
) -> None:
    signalled = list[int]()
    child = run(start, "pass")
    await child.wait()
    monkeypatch.setattr(os, "killpg", lambda pid, _: signalled.append(pid))
    child.reap()
    assert signalled == [child.pid]
    child.signal(signal.SIGTERM)
    child.reap()
    assert signalled == [child.pid]
