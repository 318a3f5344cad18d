from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweeps.executors.ending import (
    TAIL_LINES,
    cause_of,
    describe_bytes,
    describe_exit,
    read_tail,
    tail_of,
)
from sweeps.trial import Cause


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (0, "exited with code 0"),
        (3, "exited with code 3"),
        (-9, "was killed by SIGKILL"),
        (-11, "was killed by SIGSEGV"),
        (-40, "was killed by signal 40"),
    ],
)
def test_an_exit_code_is_said_in_words(code: int, words: str) -> None:
    assert describe_exit(code) == words


def test_every_signal_can_be_said() -> None:
    assert all(describe_exit(-number) for number in range(1, signal.NSIG))


@pytest.mark.parametrize(
    ("code", "tail", "short", "cause"),
    [
        (1, "ValueError: no such lr", "", Cause.CRASH),
        (1, "ValueError: no such lr", "starved", Cause.CRASH),
        (1, "the MemoryError was caught\nValueError: later", "", Cause.CRASH),
        (1, "Traceback\nMemoryError", "", Cause.MEMORY),
        (1, "numpy._core._exceptions._ArrayMemoryError: Unable to allocate 1 TiB", "", Cause.MEMORY),
        (1, "torch.OutOfMemoryError: CUDA out of memory.", "", Cause.MEMORY),
        (1, "torch.cuda.OutOfMemoryError: CUDA out of memory.", "", Cause.MEMORY),
        (1, "NoMemoryErrorHere: no", "", Cause.CRASH),
        (-9, "", "", Cause.SIGNAL),
        (-9, "", "starved", Cause.MEMORY),
        (137, "Killed", "starved", Cause.MEMORY),
        (137, "Killed", "", Cause.CRASH),
        (-11, "", "starved", Cause.SIGNAL),
    ],
)
def test_the_cause_of_a_failure(code: int, tail: str, short: str, cause: Cause) -> None:
    assert cause_of(code, tail, starved=short == "starved") is cause


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, "0 bytes"),
        (1, "1 bytes"),
        (1023, "1023 bytes"),
        (1536, "1.5 KiB"),
        (200 << 20, "200 MiB"),
        (1 << 60, "1.049e+06 TiB"),
    ],
)
def test_bytes_are_said_in_words(count: int, words: str) -> None:
    assert describe_bytes(count) == words


@given(st.text())
def test_the_tail_of_a_text_is_its_last_lines(text: str) -> None:
    tail = tail_of(text)
    assert len(tail.splitlines()) <= TAIL_LINES
    assert text.rstrip().splitlines()[-TAIL_LINES:] == tail.splitlines()


class TestReadTail:
    def test_of_a_large_file_reads_its_end(self, tmp_path: Path) -> None:
        path = tmp_path / "output"
        with path.open("wb") as file:
            file.truncate(1 << 40)
            file.seek(0, os.SEEK_END)
            file.write(b"\nthe end\n")
        assert read_tail(str(path)).endswith("the end")

    def test_may_begin_within_a_character(self, tmp_path: Path) -> None:
        path = tmp_path / "output"
        path.write_bytes("ü".encode() * 20_000 + b"x")
        assert read_tail(str(path)).endswith("üüx")

    def test_of_no_file_is_empty(self, tmp_path: Path) -> None:
        assert read_tail(str(tmp_path / "none")) == ""

    def test_of_binary_output_is_text(self, tmp_path: Path) -> None:
        path = tmp_path / "output"
        path.write_bytes(bytes(range(256)))
        assert read_tail(str(path)).isascii() is False
