"""What tests of every room need: a place for a store, and programs of their own processes."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import settings

import tracker

from .serving import served

# So that all tests take less than five minutes; a deadline would be an assertion on time.
settings.register_profile("short", max_examples=50, deadline=None)
settings.load_profile("short")

# Hundreds of tests start processes, and one that finds no compiled modules takes twice the time to start.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
# And one whose linear algebra starts threads takes half as much again.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

Program = Callable[..., subprocess.CompletedProcess[str]]
Serve = Callable[[Path], str]
Process = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Where a store may be made; nothing is there yet."""
    return tmp_path / "store"


@pytest.fixture
def serve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    """Serve stores to clients of this process until the end of the test; what is on its way waits in a folder of it."""
    monkeypatch.setenv("TRACKER_SPOOL", str(tmp_path / "spool"))
    with ExitStack() as serving:
        yield lambda store: serving.enter_context(served(store))


@pytest.fixture
def start_python(tmp_path: Path) -> Iterator[Process]:
    """Start programs in processes of their own; what still runs at the end of the test is killed."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith("TRACKER_")}
    root = str(Path(tracker.__file__).parents[1])

    def start(text: str, *arguments: object, **environment: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-W", "error", "-c", textwrap.dedent(text), *map(str, arguments)],
            cwd=tmp_path,
            env={**clean, "PYTHONPATH": root, "TRACKER_SPOOL": str(tmp_path / "spool"), **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.enter_context(process)
        started.callback(process.kill)
        return process

    with ExitStack() as started:
        yield start


@pytest.fixture
def run_python(start_python: Process) -> Program:
    """Run a program to its end, which must be a good one, and return what it printed."""

    def run(text: str, *arguments: object, code: int = 0, **environment: str) -> subprocess.CompletedProcess[str]:
        process = start_python(text, *arguments, **environment)
        out, err = process.communicate(timeout=60)
        assert process.returncode == code, out + err
        return subprocess.CompletedProcess(process.args, code, out, err)

    return run
