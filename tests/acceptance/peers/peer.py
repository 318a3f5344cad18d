"""MLflow, asked in an environment of its own."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.environments import QUIET, Environments, default_folder
from benchmarks.programs import surroundings

from .cases import Case
from .ours import Answer
from .worlds import World

PROGRAM = Path(__file__).parent / "answer_with_mlflow.py"
# Where peers are installed, as `python -m benchmarks --environments` has it.
FOLDER = "PEER_ENVIRONMENTS"


@dataclass(frozen=True)
class Said:
    """What MLflow answered: an answer for each case, in their order, and what it held of the world."""

    version: str
    held: dict[str, Any]
    answers: list[Answer]


def environments() -> Environments:
    """Return where MLflow is, or will be installed at the first need."""
    return Environments(Path(os.environ.get(FOLDER) or default_folder()).absolute())


def ask_mlflow(world: World, cases: Sequence[Case], folder: Path) -> Said:
    """Let MLflow write a world into an empty folder, and answer cases."""
    asked = folder / "asked.json"
    asked.write_text(json.dumps({"world": world.as_json(), "cases": [asdict(case) for case in cases]}), "utf-8")
    done = subprocess.run(
        [environments().python("mlflow"), PROGRAM, asked, folder],
        env=surroundings(QUIET),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return Said(**json.loads(done.stdout))
