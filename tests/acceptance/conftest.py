"""Run whole programs, as a user would."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from sweeps.cli.main import main as sweeps_main
from tracker.cli.main import main as tracker_main

MAINS = {"sweeps": sweeps_main, "tracker": tracker_main}
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def environment() -> dict[str, str]:
    """The environment of a user who has this package installed, and no settings of their own."""
    scripts = str(Path(sys.executable).parent)
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("TRACKER_", "SWEEPS_"))}
    return {**kept, "PATH": f"{scripts}{os.pathsep}{kept['PATH']}", "PYTHONPATH": str(Path.cwd())}


@pytest.fixture
def run(tmp_path: Path, environment: dict[str, str]) -> Run:
    """Run a command line in an empty folder, and return its exit code and what it printed."""

    def run_there(*words: str, code: int | None = 0, **more: str) -> subprocess.CompletedProcess[str]:
        module = {"sweeps": ["-m", "sweeps.cli.main"], "tracker": ["-m", "tracker.cli.main"], "python": []}[words[0]]
        done = subprocess.run(
            [sys.executable, *module, *words[1:]],
            cwd=tmp_path,
            env={**environment, **more},
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
        assert code is None or done.returncode == code, done.stdout + done.stderr
        return done

    return run_there


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    """Call command lines as `run` runs them, but in this process: where there are many, starting takes the time."""
    monkeypatch.chdir(tmp_path)
    for key in [key for key in os.environ if key.startswith(("TRACKER_", "SWEEPS_"))]:
        monkeypatch.delenv(key)

    def call_there(*words: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        capfd.readouterr()
        try:
            ended: object = MAINS[words[0]](words[1:])
        except SystemExit as leaving:  # as argparse does
            ended = leaving.code
        printed = capfd.readouterr()
        assert ended == code, printed.out + printed.err
        return subprocess.CompletedProcess(words, code, printed.out, printed.err)

    return call_there
