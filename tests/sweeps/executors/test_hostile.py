"""Trials that do not want to end, or leave something behind: each ends in the right state, and nothing is left.

A trial's processes hold a named pipe open: when nobody writes it any more, none of them is left.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from textwrap import indent
from typing import Protocol

import anyio
import pytest
from anyio import to_thread

import tracker
from sweeps.executors import CommandTarget, Control, FunctionTarget, end_attempts, make_executor
from sweeps.executors.procfs import list_processes, read_kin
from sweeps.executors.warden import Warden
from sweeps.trial import Assignment, Cause, Outcome, TrialState

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="what escapes its group is found on Linux only")

Program = Callable[..., Path]
MEBIBYTE = 1 << 20
KINDS = ["command", "processes"]
both = pytest.mark.parametrize("kind", KINDS)

PROGRAM = """
import os
import signal
import subprocess
import sys
import time

def up():
    global fifo
    fifo = os.open("fifo", os.O_WRONLY)
    os.write(fifo, b"up")

def train(trial):
{body}

if __name__ == "__main__":
    train(None)
"""
# Two forks and a session of its own: nobody's child, in nobody's group.
DAEMON = """
ready, word = os.pipe()
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        up()
        os.write(word, b"up")
        signal.pause()
    os._exit(0)
os.read(ready, 2)
os.wait()
"""


class Fifo(Protocol):
    def read(self) -> bytes: ...
    def wait_until_nobody_writes(self) -> None: ...


class Attempt:
    """One attempt at what a body says, run by an executor of its own."""

    def __init__(self, home: Path, program: Program, fifo: Fifo, kind: str, body: str, **how: object) -> None:
        path = program(PROGRAM.format(body=indent(body, "    ")))
        self.kind = kind
        self.target = (
            CommandTarget(None, str(path), lambda *_, **__: [sys.executable, str(path)])
            if kind == "command"
            else FunctionTarget(place=str(path), name="train")
        )
        self.output = home / "output.txt"
        with tracker.open(home / "store"):
            place = str(home / "store")
        more = {"output": str(self.output), "sweep_id": os.urandom(8).hex(), **how}
        self.assignment = Assignment(0, {}, 7, "r" * 32, "digits", place, "loss", **more)  # type: ignore[arg-type]
        self.fifo = fifo
        self.control: Control
        self.warden: Warden
        self.outcome: Outcome | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[anyio.CancelScope]:
        """Run it while the block runs, and on to its end; yield what cancels it."""
        self.control = Control(lambda *_: False)
        with anyio.fail_after(60):
            async with make_executor(self.kind, self.target, 1) as executor:
                async with anyio.create_task_group() as tasks:
                    scope = anyio.CancelScope()
                    self.warden = executor.warden
                    tasks.start_soon(self._run, executor.run, scope)
                    yield scope
                if self.kind == "command":
                    # Already now: a worker keeps what it started until it ends.
                    await self.nobody()
            await self.nobody()

    async def up(self) -> None:
        """Wait until it says that it is up."""
        await to_thread.run_sync(self.fifo.read)

    async def nobody(self) -> None:
        """Wait until nothing of it is left."""
        await to_thread.run_sync(self.fifo.wait_until_nobody_writes, abandon_on_cancel=True)

    async def _run(self, run: Callable[[Assignment, Control], Awaitable[Outcome]], scope: anyio.CancelScope) -> None:
        with scope:
            self.outcome = await run(self.assignment, self.control)


Attempts = Callable[..., Attempt]


def children() -> set[int]:
    """Return this process's children, ended ones that nobody has reaped among them."""
    kin = {pid: read_kin(pid) for pid in list_processes()}
    return {pid for pid, found in kin.items() if found is not None and found.parent == os.getpid()}


@pytest.fixture
def attempt(home: Path, program: Program, fifo: Fifo) -> Iterator[Attempts]:
    before = children()
    yield lambda kind, body, **how: Attempt(home, program, fifo, kind, body, **how)
    assert children() == before


async def told_to_stop(attempt: Attempt) -> Outcome:
    async with attempt.running():
        await attempt.up()
        attempt.control.stop()
    assert attempt.outcome is not None
    return attempt.outcome


async def left_alone(attempt: Attempt) -> Outcome:
    async with attempt.running():
        pass
    assert attempt.outcome is not None
    return attempt.outcome


@both
def test_one_that_ignores_what_it_is_told_is_killed(attempt: Attempts, kind: str) -> None:
    body = """
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP) if trial is None else ():
    signal.signal(number, signal.SIG_IGN)
up()
while True:
    time.sleep(1000)
"""
    outcome = anyio.run(told_to_stop, attempt(kind, body, grace=0.2))
    assert (outcome.state, outcome.cause) == (TrialState.PRUNED, None)


def test_one_that_ends_well_when_it_is_told_to_has_stopped(attempt: Attempts) -> None:
    body = """
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
up()
while True:
    time.sleep(1000)
"""
    assert anyio.run(told_to_stop, attempt("command", body, grace=60.0)).state is TrialState.PRUNED


def test_one_that_cleans_up_when_it_is_told_to_stop_has_the_time(attempt: Attempts, home: Path) -> None:
    body = """
signal.signal(signal.SIGTERM, signal.default_int_handler)
try:
    up()
    signal.pause()
except KeyboardInterrupt:
    open("cleaned", "w").close()
    raise
"""
    assert anyio.run(told_to_stop, attempt("command", body, grace=60.0)).state is TrialState.PRUNED
    assert (home / "cleaned").exists()


def test_one_that_is_suspended_hears_that_it_is_to_stop(attempt: Attempts) -> None:
    body = """
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
up()
os.kill(os.getpid(), signal.SIGSTOP)
"""
    assert anyio.run(told_to_stop, attempt("command", body, grace=60.0)).state is TrialState.PRUNED


@both
def test_one_that_hangs_is_ended_when_its_time_is_over(attempt: Attempts, kind: str) -> None:
    async def time_over(hanging: Attempt) -> None:
        async with hanging.running() as scope:
            await hanging.up()
            scope.cancel()

    hanging = attempt(
        kind, "print('loading', flush=True)\nup()\nsignal.pthread_sigmask(0, signal.valid_signals())\nsignal.pause()"
    )
    anyio.run(time_over, hanging)
    assert hanging.outcome is None
    assert hanging.control.tail == "loading"


@both
def test_a_daemon_that_a_trial_leaves_is_ended(attempt: Attempts, kind: str) -> None:
    assert anyio.run(left_alone, attempt(kind, DAEMON)).state is TrialState.COMPLETE


@both
def test_daemons_of_a_trial_that_dies_are_ended(attempt: Attempts, kind: str) -> None:
    body = DAEMON * 3 + "\nos.kill(os.getpid(), signal.SIGKILL)"
    outcome = anyio.run(left_alone, attempt(kind, body))
    assert (outcome.state, outcome.cause) == (TrialState.FAILED, Cause.SIGNAL)
    assert outcome.reason.endswith("was killed by SIGKILL")


def test_a_daemon_with_another_environment_is_ended_if_it_was_seen_as_a_child(attempt: Attempts) -> None:
    body = """
up()
script = "import signal; signal.pause()"
child = subprocess.Popen([sys.executable, "-c", script], env={}, start_new_session=True, pass_fds=[fifo])
print(child.pid, flush=True)
signal.pause()
"""

    async def seen(leaving: Attempt) -> None:
        async with leaving.running():
            await leaving.up()
            while not (printed := leaving.output.read_text()).endswith("\n"):  # noqa: ASYNC110
                await anyio.sleep(0.01)
            kin = read_kin(int(printed))
            assert kin is not None
            while int(printed) not in leaving.warden.census.members(kin.parent):  # noqa: ASYNC110
                await anyio.sleep(0.01)
            os.kill(kin.parent, signal.SIGKILL)

    leaving = attempt("command", body)
    anyio.run(seen, leaving)
    assert leaving.outcome is not None
    assert leaving.outcome.cause is Cause.SIGNAL


def test_many_short_daemons_leave_no_dead_processes(attempt: Attempts) -> None:
    short = DAEMON.replace("signal.pause()", "os._exit(0)")
    assert anyio.run(left_alone, attempt("command", short * 20)).state is TrialState.COMPLETE


@both
def test_one_that_takes_more_memory_than_it_may_is_ended(attempt: Attempts, kind: str) -> None:
    body = f"""
up()
held = []
while True:
    held.append(bytearray(os.urandom(1)) * {8 * MEBIBYTE})
    time.sleep(0.01)
"""
    outcome = anyio.run(left_alone, attempt(kind, body, memory=200 * MEBIBYTE))
    assert (outcome.state, outcome.cause) == (TrialState.FAILED, Cause.MEMORY)
    assert outcome.reason.endswith("of memory and may hold 200 MiB")


def test_the_memory_of_all_its_processes_counts(attempt: Attempts) -> None:
    body = f"""
up()
for _ in range(3):
    if os.fork() == 0:
        held = bytearray(b"x") * {100 * MEBIBYTE}
        signal.pause()
signal.pause()
"""
    outcome = anyio.run(left_alone, attempt("command", body, memory=250 * MEBIBYTE))
    assert (outcome.state, outcome.cause) == (TrialState.FAILED, Cause.MEMORY)


@both
def test_one_that_has_no_memory_left_says_so(attempt: Attempts, kind: str) -> None:
    outcome = anyio.run(left_alone, attempt(kind, "up()\nos.close(fifo)\nbytearray(1 << 60)"))
    assert (outcome.state, outcome.cause) == (TrialState.FAILED, Cause.MEMORY)
    assert outcome.tail.splitlines()[-1] == "MemoryError"


@both
def test_of_a_flood_the_beginning_and_the_end_are_kept(attempt: Attempts, kind: str) -> None:
    body = f"""
up()
os.close(fifo)
print("the beginning", flush=True)
for _ in range(40):
    os.write(1, b"x" * {MEBIBYTE})
print("the end", flush=True)
raise ValueError("flooded")
"""
    flooding = attempt(kind, body)
    outcome = anyio.run(left_alone, flooding)
    text = flooding.output.read_text()
    assert outcome.state is TrialState.FAILED
    assert "the end" in outcome.tail
    assert text.startswith("the beginning\n")
    assert "bytes are left out here …" in text
    assert len(text) < 8 * MEBIBYTE


@both
def test_one_that_closes_its_output_goes_on(attempt: Attempts, kind: str) -> None:
    body = "up()\nprint('first', flush=True)\nos.close(1)\nos.close(2)\nos.write(fifo, b'more')\nos.close(fifo)"
    closing = attempt(kind, body)
    # Python itself cannot flush what was closed under it.
    assert anyio.run(left_alone, closing).reason in {"", f"{closing.target} exited with code 120"}
    assert closing.output.read_text() == "first\n"


def test_children_of_the_program_around_are_left_alone(attempt: Attempts, home: Path) -> None:
    os.mkfifo(home / "daemon")
    script = """
import os
if os.fork() == 0:
    os.setsid()
    open('daemon', 'w').write(str(os.getpid()))
    os.read(0, 1)
"""

    async def beside(leaving: Attempt) -> tuple[subprocess.Popen[bytes], int]:
        async with leaving.running():
            # Adopted, as a trial's own would be, since its parent ends while orphans are.
            daemon = subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE)  # noqa: ASYNC220
            adopted = int(await to_thread.run_sync((home / "daemon").read_text))
            await to_thread.run_sync(os.waitid, os.P_PID, daemon.pid, os.WEXITED | os.WNOWAIT)
            await leaving.up()
            leaving.control.stop()
        assert leaving.outcome is not None
        assert leaving.outcome.state is TrialState.PRUNED
        os.kill(adopted, 0)
        return daemon, adopted

    daemon, adopted = anyio.run(beside, attempt("command", DAEMON + "signal.pause()", grace=0.2))
    # Nobody has taken its exit code from us; and the other is our child now.
    assert daemon.wait() == 0
    daemon.communicate(b"\n")
    assert os.waitpid(adopted, 0)[1] == 0


STUBBORN = """
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP) if trial is None else ():
    signal.signal(number, signal.SIG_IGN)
"""
FLOODING = """
while True:
    os.write(1, b"x" * 100_000)
"""
EATING = """
held = []
while True:
    held.append(b"x" * 10_000_000)
    time.sleep(0.1)
"""


@pytest.mark.campaign
@both
@pytest.mark.parametrize("body", [FLOODING, EATING, "signal.pause()"], ids=["floods", "eats memory", "hangs"])
@pytest.mark.parametrize("daemons", [0, 3])
@pytest.mark.parametrize("grace", [0.0, 1.0])
def test_what_was_told_to_stop_is_over_in_time(
    attempt: Attempts, kind: str, body: str, daemons: int, grace: float
) -> None:
    async def timed(stubborn: Attempt) -> float:
        async with stubborn.running():
            await stubborn.up()
            began = time.monotonic()
            stubborn.control.stop()
            while stubborn.outcome is None:  # noqa: ASYNC110
                await anyio.sleep(0.01)
            return time.monotonic() - began

    stubborn = attempt(kind, STUBBORN + DAEMON * daemons + "\nup()\n" + body, grace=grace, memory=MEBIBYTE << 12)
    assert anyio.run(timed, stubborn) <= grace + 2
    assert stubborn.outcome is not None
    assert stubborn.outcome.state is TrialState.PRUNED


class TestEndAttempts:
    SCHEDULER = """
    import sys
    import anyio
    from sweeps.executors import CommandTarget, Control, make_executor
    from sweeps.trial import Assignment

    async def main():
        target = CommandTarget(None, None, lambda *_, **__: [sys.executable, "program.py"])
        async with make_executor("command", target, 1) as executor:
            assignment = Assignment(0, {}, 7, "r" * 32, "", "", "", sweep_id=sys.argv[1])
            await executor.run(assignment, Control(lambda *_: False))

    anyio.run(main)
    """

    def test_ends_what_a_killed_scheduler_has_left(
        self, attempt: Attempts, fifo: Fifo, start_python: Callable[..., subprocess.Popen[str]]
    ) -> None:
        attempt("command", DAEMON + "up()\nsignal.pause()")  # for its program
        sweep_id = os.urandom(8).hex()
        scheduler = start_python(self.SCHEDULER, sweep_id)
        said = b""
        while len(said) < len(b"upup"):
            said += fifo.read()
        scheduler.kill()
        scheduler.wait()
        assert end_attempts(sweep_id[:-1]) == 0
        assert end_attempts("") == 0
        assert end_attempts(sweep_id) == 2
        fifo.wait_until_nobody_writes()
        assert end_attempts(sweep_id) == 0
