"""Broken sweep files: `sweeps check` and `sweeps run` say where the fault is and what to do, in one line.

The first line of each file is a comment with the line that is expected: it leaves out the file's name.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from sweeps.cli.main import main

Run = Callable[..., subprocess.CompletedProcess[str]]
FILES = sorted(Path(__file__).with_name("broken_files").glob("*.yaml"))
# FILE:LINE: PLACE: PROBLEM; REMEDY. A key that is missing has no line, and a fault of YAML itself no place.
SHAPE = re.compile(r"\S+\.yaml(:\d+)?: (\S+: )?\S.*; \S.*")
NO_LINE = {"no_method", "no_parameters"}


def expected_of(file: Path) -> str:
    with file.open(encoding="utf-8") as lines:
        return next(lines).removeprefix("# expected: ").removesuffix("\n")


def test_there_are_enough() -> None:
    assert len(FILES) >= 40
    assert len({expected_of(file) for file in FILES}) == len(FILES)


@pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])
def test_one_line_names_the_place_and_the_remedy(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(file)]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err == f"sweeps: {file}{expected_of(file)}\n"
    found = SHAPE.fullmatch(f"{file.name}{expected_of(file)}")
    assert found
    assert (found[1] is None) is (file.stem in NO_LINE)


@pytest.mark.parametrize("name", ["bounds_swapped", "tab", "two_pruners"])
def test_running_says_the_same(call: Run, tmp_path: Path, name: str) -> None:
    (file,) = (file for file in FILES if file.stem == name)
    shutil.copy(file, tmp_path)
    for command in ("check", "run"):
        done = call("sweeps", command, file.name, code=2)
        assert (done.stdout, done.stderr) == ("", f"sweeps: {file.name}{expected_of(file)}\n")
    assert [path.name for path in tmp_path.iterdir()] == [file.name]
