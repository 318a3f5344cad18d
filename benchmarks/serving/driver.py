"""Who asks: wrk, or, where it is not installed, a program in Python.

wrk counts statuses from 400 on as refused; none of these servers answers a POST with any other that is not 2xx, and
what was logged is counted afterwards.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from ..processes import ended
from ..programs import Facts, Failed, command, surroundings
from ..setting import Setting
from .plans import CLIENTS, Plan
from .rest import HOST

SCRIPT = Path(__file__).with_name("post.lua")
# How long a single answer may take.
TIMEOUT = 120
# The share of the time of the twenty runs that one turn takes.
SHARE = 1 / 6


def seconds_of(setting: Setting) -> int:
    """Return how long a turn takes; wrk knows whole seconds."""
    return max(1, round(setting.seconds * SHARE))


def told_of(title: str) -> str:
    """Return a figure's name; it tells if it was not wrk that asked."""
    return title if shutil.which("wrk") else f"{title} (asked by Python, for want of wrk)"


def words_of(port: int, plan: Path, seconds: int, connections: int) -> list[str]:
    """Return the command line of the driver that there is."""
    if wrk := shutil.which("wrk"):
        how = ["-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", f"{TIMEOUT}s", "-s", str(SCRIPT)]
        return [wrk, *how, f"http://{HOST}:{port}", "--", str(plan)]
    return command("serving.python_driver", port=port, plan=plan, seconds=seconds, connections=connections)


@contextmanager
def asking(
    port: int, plan: Plan, seconds: int, folder: Path, connections: int = CLIENTS
) -> Iterator[subprocess.Popen[str]]:
    """Let a driver ask meanwhile; what still runs at the end is killed."""
    with ExitStack() as stack:
        process = subprocess.Popen(
            words_of(port, plan.kept(folder), seconds, connections),
            env=surroundings({}),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        stack.enter_context(process)
        stack.callback(process.kill)
        yield process


def told(process: subprocess.Popen[str]) -> Facts:
    """Return what came of the requests, and how many were answered in a second.

    Raises:
        Failed: one was refused, or broken off, or none was answered.
    """
    facts = ended(process)
    if facts["refused"] or facts["broken"]:
        raise Failed(f"of {facts['requests']:,} requests {facts['refused']:,} were refused, {facts['broken']:,} broken")
    if not facts["requests"]:
        raise Failed(f"no request was answered in {facts['seconds']:.0f} s")
    return {**facts, "rate": facts["requests"] / facts["seconds"]}


def drive(port: int, plan: Plan, seconds: int, folder: Path, connections: int = CLIENTS) -> Facts:
    """Ask for so long; return what came of it.

    Raises:
        Failed: one was refused, or broken off, or none was answered.
    """
    with asking(port, plan, seconds, folder, connections) as process:
        return told(process)
