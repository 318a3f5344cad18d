"""Environments of the peers: one for each, outside the repository, made when it is first needed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from .programs import Failed, last_line

PINNED = Path(__file__).parent / "peers"
# Peers are measured, not watched: they tell nobody, ask nobody and keep nothing of the user's.
QUIET = {
    "DO_NOT_TRACK": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_OFFLINE": "1",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "WANDB_ERROR_REPORTING": "false",
    "WANDB_MODE": "offline",
}


def default_folder() -> Path:
    """Return where environments are kept if nobody says otherwise."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "sweeps-benchmarks" / "environments"


class Environments:
    """The peers' environments in a folder; one that failed is not tried again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._failed: dict[str, Failed] = {}

    def python(self, peer: str) -> Path:
        """Return the interpreter that has this peer, in the versions of its `.txt`; install them if need be.

        Raises:
            Failed: they cannot be installed.
        """
        if peer in self._failed:
            raise self._failed[peer]
        try:
            return self._python(peer)
        except Failed as error:
            self._failed[peer] = error
            raise

    def _python(self, peer: str) -> Path:
        pinned, home = PINNED / f"{peer}.txt", self._folder / peer
        installed, python = home / "installed.txt", home / "bin" / "python"
        if not installed.is_file() or installed.read_text("utf-8") != pinned.read_text("utf-8"):
            shutil.rmtree(home, ignore_errors=True)
            for command in commands(home, python, pinned):
                done = subprocess.run(command, capture_output=True, text=True, check=False)
                if done.returncode:
                    raise Failed(f"{peer} cannot be installed: {last_line(done.stderr)[:200]}")
            shutil.copy(pinned, installed)
        return python


def commands(home: Path, python: Path, pinned: Path) -> list[list[str]]:
    """Return the commands that make an environment, by uv where there is one."""
    if uv := shutil.which("uv"):
        install = [uv, "pip", "install", "--python", str(python), "--requirement", str(pinned)]
        return [[uv, "venv", "--python", sys.executable, str(home)], install]
    install = [str(python), "-m", "pip", "install", "--quiet", "--requirement", str(pinned)]
    return [[sys.executable, "-m", "venv", str(home)], install]
