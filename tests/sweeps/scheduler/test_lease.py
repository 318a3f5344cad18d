from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from sweeps.errors import SweepRunning
from sweeps.scheduler.lease import Lease, ask_to_stop, holder

Process = Callable[..., subprocess.Popen[str]]

# Hold the lease, say so, and wait.
HOLD = """
import sys
from pathlib import Path

from sweeps.scheduler.lease import Lease

with Lease(Path(sys.argv[1]), "digits"):
    print("held", flush=True)
    sys.stdin.readline()
"""
# The same, with a child that is forked and lives on when its parent is gone, until the pipe to it is closed.
FORK = """
import os
import sys
from pathlib import Path

from sweeps.errors import SweepRunning
from sweeps.scheduler.lease import Lease, holder

folder = Path(sys.argv[1])
with Lease(folder, "digits"):
    parent = os.getpid()
    child = os.fork()
    if child == 0:
        sees = [holder(folder)]
        try:
            with Lease(folder, "digits"):
                sees.append(None)
        except SweepRunning as problem:
            sees.append(problem.pid)
        print("child", sees == [parent, parent], flush=True)
        sys.stdin.readline()
        os._exit(0)
    print("held", flush=True)
    os.waitpid(child, 0)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "sweeps" / "of" / "mine"


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


class TestHolder:
    def test_is_nobody_before_and_after(self, folder: Path) -> None:
        assert holder(folder) is None
        with Lease(folder, "digits"):
            assert holder(folder) == os.getpid()
        assert holder(folder) is None

    def test_is_one_process(self, folder: Path, start_python: Process) -> None:
        process = start_python(HOLD, folder)
        assert line(process) == "held"
        assert holder(folder) == process.pid
        with pytest.raises(SweepRunning, match=f"'digits' is running already, in process {process.pid}"):
            Lease(folder, "digits").__enter__()
        assert holder(folder) == process.pid
        process.communicate("\n", timeout=60)
        assert holder(folder) is None
        with Lease(folder, "digits"):
            assert holder(folder) == os.getpid()

    def test_that_is_killed_holds_it_no_longer(self, folder: Path, start_python: Process) -> None:
        process = start_python(HOLD, folder)
        assert line(process) == "held"
        process.kill()
        process.wait(60)
        assert holder(folder) is None
        with Lease(folder, "digits"):
            assert holder(folder) == os.getpid()

    def test_is_not_a_forked_child(self, folder: Path, start_python: Process) -> None:
        process = start_python(FORK, folder)
        assert {line(process), line(process)} == {"child True", "held"}
        assert holder(folder) == process.pid
        process.kill()
        process.wait(60)
        # The child lives on.
        assert holder(folder) is None
        with Lease(folder, "digits"):
            assert holder(folder) == os.getpid()
        process.communicate("\n", timeout=60)

    def test_of_one_sweep_does_not_hold_another(self, folder: Path) -> None:
        with Lease(folder, "digits"), Lease(folder.with_name("yours"), "letters"):
            assert holder(folder) == holder(folder.with_name("yours")) == os.getpid()


class TestOneProcess:
    def test_does_not_hold_a_lease_twice(self, folder: Path) -> None:
        lease = Lease(folder, "digits")
        with lease:
            for again in (lease, Lease(folder / ".." / "mine", "digits")):
                with pytest.raises(SweepRunning, match=f"in process {os.getpid()}"):
                    again.__enter__()
            assert holder(folder) == os.getpid()

    def test_may_hold_it_again(self, folder: Path) -> None:
        lease = Lease(folder, "digits")
        for _ in range(3):
            with lease:
                assert holder(folder) == os.getpid()
            assert holder(folder) is None

    def test_gives_it_to_one_of_many_threads(self, folder: Path) -> None:
        together, held = threading.Barrier(8), list[Lease]()

        def enter() -> None:
            together.wait(60)
            with suppress(SweepRunning):
                held.append(Lease(folder, "digits").__enter__())

        threads = [threading.Thread(target=enter) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert len(held) == 1
        held[0].__exit__(None, None, None)
        assert holder(folder) is None


def test_whoever_asks_for_the_holder_is_in_nobodys_way(folder: Path, start_python: Process) -> None:
    asking = start_python(
        """
        import sys
        from pathlib import Path

        from sweeps.scheduler.lease import holder

        print("up", flush=True)
        while True:
            holder(Path(sys.argv[1]))
        """,
        folder,
    )
    assert line(asking) == "up"
    for _ in range(50):
        with Lease(folder, "digits"):
            assert holder(folder) == os.getpid()


class TestStop:
    @pytest.mark.parametrize(("words", "wanted"), [([], 0), ([False], 1), ([True], 2), ([False, False, True], 2)])
    def test_is_wanted_as_often_as_was_asked(self, folder: Path, words: list[bool], wanted: int) -> None:
        with Lease(folder, "digits") as lease:
            for at_once in words:
                ask_to_stop(folder, at_once=at_once)
            assert lease.stop_wanted == wanted

    def test_is_for_the_sweep_that_runs_and_not_for_the_next(self, folder: Path) -> None:
        with Lease(folder, "digits"):
            ask_to_stop(folder)
        ask_to_stop(folder)
        with Lease(folder, "digits") as lease:
            assert lease.stop_wanted == 0

    def test_of_a_sweep_that_never_ran_does_nothing(self, folder: Path) -> None:
        ask_to_stop(folder)
        assert not folder.exists()

    def test_does_not_reach_whoever_was_refused(self, folder: Path) -> None:
        with Lease(folder, "digits") as lease:
            ask_to_stop(folder)
            with pytest.raises(SweepRunning):
                Lease(folder, "digits").__enter__()
            assert lease.stop_wanted == 1
