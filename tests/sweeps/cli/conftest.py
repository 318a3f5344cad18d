from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sweeps.cli.main import main

TRAIN = """
import tracker

def train(trial):
    n = trial.params["n"]
    if n == 0:
        raise ValueError("no such n")
    for step in range(2):
        trial.log({"loss": 10.0 - n - step}, step=step)
        model = trial.log_model("net", lambda folder: (folder / "net").write_text(str(n)), step=step)
        model.log({"error": n - step / 2}, dataset=tracker.Dataset("validation", "a1b2c3d4"))
        model.log({"error": step - n}, dataset=tracker.Dataset("test", "e5f6a7b8"))
"""
SWEEP = """
program: train.py:train
method: grid
metric: {name: error, goal: maximize}
parameters: {n: {min: 0, max: 3}}
execution: {executor: inline, dataset: validation}
"""


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:  # noqa: ANN401  # whatever was printed
        """What was printed as JSON: the whole of the standard output is one line of it."""
        assert self.out.count("\n") == 1
        return json.loads(self.out)


Command = Callable[..., Done]


@pytest.fixture(autouse=True)
def sweep_file(home: Path) -> Path:
    """Be in a folder with a sweep file: the first of four trials fails, the last has the best checkpoint."""
    (home / "train.py").write_text(TRAIN)
    (home / "mine.yaml").write_text(SWEEP)
    return home / "mine.yaml"


@pytest.fixture
def sweeps(capsys: pytest.CaptureFixture[str]) -> Command:
    """Call the command line in this process."""

    def call(*words: str) -> Done:
        capsys.readouterr()
        try:
            code = main(words)
        except SystemExit as leaving:  # as argparse does
            code = int(str(leaving.code or 0))
        printed = capsys.readouterr()
        assert "Traceback" not in printed.err
        return Done(code, printed.out, printed.err)

    return call


@pytest.fixture
def fails(sweeps: Command, home: Path) -> Callable[..., str]:
    """Call the command line with a mistake; return the one line that says so. Nothing is made of it."""

    def call(*words: str) -> str:
        before = sorted(home.rglob("*"))
        done = sweeps(*words)
        assert (done.code, done.out, done.err.count("\n")) == (2, "", 1), done
        assert sorted(home.rglob("*")) == before
        return done.err

    return call
