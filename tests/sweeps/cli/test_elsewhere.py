"""A sweep that runs in a process of its own, seen, interrupted and ended from another terminal, or from its own."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pytest

import sweeps as package

Command = Callable[..., Any]
Fails = Callable[..., str]

LOGGING = """
import os, time

def train(trial):
    fifo = os.open("fifo", os.O_WRONLY)
    for step in range(1, 100_000):
        trial.log({"error": step + trial.params["n"] / 10}, step=step)
        if step == 1:
            os.write(fifo, b"up")
        time.sleep(0.01)  # or the journal grows as fast as the disk takes it
"""
STUBBORN = """
import os, signal

def train(trial):
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    os.write(os.open("fifo", os.O_WRONLY), b"up")
    while True:
        signal.pause()
"""
# Its event loop does not turn, so nobody hears a first Ctrl-C.
DEAF = """
import os, time

def train(trial):
    fifo = os.open("fifo", os.O_WRONLY)
    os.write(fifo, b"up")
    while True:
        os.write(fifo, b".")
        time.sleep(0.01)
"""
# The terminal is the one whose Ctrl-C the process hears.
IN_TERMINAL = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.executable, [sys.executable, "-m", "sweeps.cli.main", *sys.argv[1:]])
"""


class Fifo(Protocol):
    def read(self) -> bytes: ...
    def wait_until_nobody_writes(self) -> None: ...


@dataclass
class Terminal:
    """A sweep that runs in a terminal of its own."""

    process: subprocess.Popen[bytes]
    keyboard: int
    fifo: Fifo

    def wait_until_up(self, trials: int = 2) -> None:
        seen = b""
        while seen.count(b"up") < trials:
            seen += self.fifo.read()

    def interrupt(self) -> None:
        os.write(self.keyboard, b"\x03")

    def read_until(self, words: bytes) -> bytes:
        seen = b""
        while words not in seen:
            seen += os.read(self.keyboard, 1 << 16)
        return seen

    def rest(self) -> bytes:
        """Return what is shown until the end."""
        seen = b""
        with suppress(OSError):  # so Linux says that the last process has closed the terminal
            while more := os.read(self.keyboard, 1 << 16):
                seen += more
        return seen


Start = Callable[..., Terminal]


@pytest.fixture
def start(home: Path, fifo: Fifo) -> Iterator[Start]:
    """Start the sweep file in a terminal, two trials at a time."""
    with ExitStack() as started:

        def start_it(text: str, executor: str = "processes", *words: str) -> Terminal:
            (home / "train.py").write_text(text)
            file = home / "mine.yaml"
            mine = file.read_text().replace(", dataset: validation", ", parallel: 2, grace: 60s")
            file.write_text(mine.replace("executor: inline", f"executor: {executor}"))
            keyboard, screen = pty.openpty()
            process = subprocess.Popen(
                [sys.executable, "-c", IN_TERMINAL, "run", "mine.yaml", *words],
                env={**os.environ, "PYTHONPATH": str(Path(package.__file__).parents[1]), "TERM": "xterm"},
                stdin=screen,
                stdout=screen,
                stderr=screen,
                start_new_session=True,
            )
            os.close(screen)
            started.enter_context(process)
            started.callback(process.kill)
            started.callback(os.close, keyboard)
            return Terminal(process, keyboard, fifo)

        yield start_it


def states(sweeps: Command) -> set[str]:
    return {trial["state"] for trial in sweeps("status", "last", "--json").json["trials"]}


class TestStatus:
    def test_tells_what_runs_by_which_process(self, start: Start, sweeps: Command) -> None:
        terminal = start(LOGGING)
        terminal.wait_until_up()
        told = sweeps("status", "mine", "--json").json
        assert (told["state"], told["status"], told["pid"]) == ("running", "RUNNING", terminal.process.pid)
        assert (told["total"], told["counts"]) == (4, {"running": 2})
        assert {trial["step"] >= 1 for trial in told["trials"]} == {True}
        assert [trial["latest"] % 1 for trial in told["trials"]] == [0.0, pytest.approx(0.1)]
        assert told["best"]["value"] >= 1
        shown = sweeps("status", "mine").out
        assert f"running, in process {terminal.process.pid}" in shown
        assert "0/4 done · 2 running" in shown

    def test_tells_that_the_scheduler_is_gone(self, start: Start, sweeps: Command) -> None:
        terminal = start(LOGGING)
        terminal.wait_until_up()
        terminal.process.kill()
        terminal.process.wait()
        terminal.fifo.wait_until_nobody_writes()
        told = sweeps("status", "last", "--json").json
        assert (told["state"], told["pid"], told["seconds_left"]) == ("interrupted", None, None)
        shown = sweeps("status", "last").out
        assert "interrupted: its scheduler is gone; go on with: sweeps resume mine" in shown
        assert "lost" in shown

    def test_watches_until_the_end(self, start: Start, sweeps: Command) -> None:
        terminal = start(LOGGING)
        terminal.wait_until_up()
        os.kill(terminal.process.pid, signal.SIGTERM)
        done = sweeps("status", "last", "--watch")
        assert done.code == 0
        assert "interrupted: the sweep was preempted; go on with: sweeps resume mine" in done.out


class TestStop:
    def test_ends_a_sweep_in_order(self, start: Start, sweeps: Command) -> None:
        terminal = start(LOGGING)
        terminal.wait_until_up()
        done = sweeps("stop", "mine")
        lines = done.out.splitlines()
        assert lines[0].startswith(f"told sweep 'mine' (process {terminal.process.pid}) to end: nothing new is")
        assert lines[1].startswith("0/4 done · 2 killed")
        assert lines[2] == "interrupted: the sweep was ended; go on with: sweeps resume mine"
        assert (done.code, len(lines), states(sweeps)) == (0, 3, {"killed"})
        terminal.rest()
        assert terminal.process.wait() == 130

    def test_now_ends_even_who_hears_nothing(self, start: Start, sweeps: Command) -> None:
        terminal = start(STUBBORN)
        terminal.wait_until_up()
        told = sweeps("stop", "mine", "--no-wait", "--json").json
        assert (told["pid"], told["state"]) == (terminal.process.pid, "running")
        terminal.read_until(b"nothing new is launched")
        told = sweeps("stop", "mine", "--now", "--json").json
        assert (told["state"], told["ended"]) == ("interrupted", "the sweep was ended")
        assert states(sweeps) == {"killed"}

    def test_of_a_sweep_that_does_not_run_is_a_mistake(self, sweeps: Command, fails: Fails) -> None:
        sweeps("run", "mine.yaml", "--quiet")
        assert fails("stop", "mine") == "sweeps: sweep 'mine' does not run: ended\n"
        assert "no sweep 'yours'; there is mine" in fails("stop", "yours")


class TestCtrlC:
    def test_once_ends_it_in_order(self, start: Start, sweeps: Command) -> None:
        terminal = start(LOGGING)
        terminal.wait_until_up()
        terminal.interrupt()
        assert b"go on with: sweeps resume mine" in terminal.rest()
        assert terminal.process.wait() == 130
        assert states(sweeps) == {"killed"}

    def test_twice_ends_it_at_once(self, start: Start, sweeps: Command) -> None:
        terminal = start(STUBBORN)
        terminal.wait_until_up()
        terminal.interrupt()
        terminal.read_until(b"nothing new is launched")
        terminal.interrupt()
        terminal.rest()
        assert terminal.process.wait() == 130
        assert states(sweeps) == {"killed"}

    @pytest.mark.parametrize("mode", [(), ("--plain",)])
    def test_three_times_leaves_wherever_it_stands(self, start: Start, sweeps: Command, mode: tuple[str, ...]) -> None:
        terminal = start(DEAF, "inline", *mode)
        terminal.wait_until_up(1)
        seen = b""
        for _ in range(3):
            terminal.interrupt()
            seen += terminal.read_until(b"^C")  # the process has been sent it
            for _ in range(3):
                terminal.fifo.read()  # the trial has gone on, or ended, since: the process has heard it
        seen += terminal.rest()
        assert b"left at once" in seen
        assert b"\x1b[?25h" in seen  # the cursor is there again
        assert terminal.process.wait() == 130
        assert sweeps("status", "last", "--json").json["state"] == "interrupted"


class TestSigterm:
    def test_says_that_the_slots_are_wanted_back(self, start: Start, sweeps: Command) -> None:
        terminal = start(LOGGING)
        terminal.wait_until_up()
        terminal.process.terminate()
        assert b"the sweep was preempted; go on with: sweeps resume mine" in terminal.rest()
        assert terminal.process.wait() == 143
        told = sweeps("status", "last", "--json").json
        assert {(trial["state"], trial["reason"]) for trial in told["trials"]} == {
            ("killed", "the sweep was preempted")
        }
