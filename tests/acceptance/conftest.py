"""Run whole programs, as a user would."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

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
