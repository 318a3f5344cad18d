"""Every block of the README runs, in the order of the page."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

README = Path(__file__).parents[2] / "README.md"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# What makes an environment is run by `.ci/run`, as it stands on the page.
MAKES_AN_ENVIRONMENT = "python3 -m venv"


@pytest.mark.timeout(200)
def test_every_block_runs(tmp_path: Path, environment: dict[str, str]) -> None:
    blocks = BLOCK.findall(README.read_text("utf-8"))
    assert {language for language, _ in blocks} == {"sh", "python", "yaml", "text"}
    for number, (language, text) in enumerate(blocks):
        if language == "text" or text.startswith(MAKES_AN_ENVIRONMENT):
            continue
        named = re.match(r"# (\S+\.\w+)\n", text)
        path = tmp_path / (named[1] if named else f"block_{number}.{language}")
        path.write_text(text, "utf-8")
        if language != "yaml":
            interpreter = [sys.executable] if language == "python" else ["bash", "-euo", "pipefail"]
            done = subprocess.run(
                [*interpreter, str(path)],
                cwd=tmp_path,
                env=environment,
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, f"{text}\n{done.stdout}\n{done.stderr}"
            assert "Traceback" not in done.stderr


def test_the_commands_that_make_environments_are_what_ci_runs() -> None:
    page = README.read_text("utf-8")
    commands = [line for line in page.splitlines() if line.startswith(MAKES_AN_ENVIRONMENT)]
    assert [command.split(".venv/bin/")[-1] for command in commands] == [
        "sweeps run digits",
        "python -m pytest -q -n 3",
        "pip install -q -e '.[lint]'",
    ]
    assert f"grep '^{MAKES_AN_ENVIRONMENT}' README.md" in (README.parent / ".ci" / "run").read_text("utf-8")


@pytest.mark.parametrize(
    ("command", "place"),
    [
        ("-m benchmarks", "benchmarks/__main__.py"),
        ("-m pytest -m campaign tests/acceptance/faults", "tests/acceptance/faults"),
    ],
)
def test_the_longer_commands_of_the_page_are_there_to_be_run(command: str, place: str) -> None:
    """What they run is tested by itself, in short."""
    assert f"python {command}" in README.read_text("utf-8")
    assert (README.parent / place).exists()
