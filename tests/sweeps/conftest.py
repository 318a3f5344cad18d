from __future__ import annotations

import os
import select
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent

import pytest

Program = Callable[..., Path]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Be in an empty folder, without settings, and forget afterwards which modules trials have brought in."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    for name in list(os.environ):
        if name.startswith(("TRACKER_", "SWEEPS_")) or name.endswith("_NUM_THREADS"):
            monkeypatch.delenv(name)
    return tmp_path


@pytest.fixture
def program(home: Path) -> Program:
    """Write a program into the folder."""

    def write(text: str, name: str = "program.py") -> Path:
        path = home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text))
        return path

    return write


class Fifo:
    """A pipe with a name: what a process wrote is read here, and an end of it says that no writer is left."""

    def __init__(self, path: Path) -> None:
        os.mkfifo(path)
        self.path = path
        self._file = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        self._poll = select.poll()
        self._poll.register(self._file, select.POLLIN)

    def read(self) -> bytes:
        """Wait for a writer's words, or for the end of the last writer."""
        self._poll.poll()  # before the first writer, a read would find an end already
        return os.read(self._file, 1 << 16)

    def wait_until_nobody_writes(self) -> None:
        while self.read():
            pass

    def close(self) -> None:
        os.close(self._file)


@pytest.fixture
def fifo(home: Path) -> Iterator[Fifo]:
    opened = Fifo(home / "fifo")
    yield opened
    opened.close()
