"""No secret of whoever runs a sweep comes into its store, its answers or the list of processes (S23)."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]
CANARY = "c4n4ry-s3cret"
# In the environment of the sweep.
SECRETS = {
    name: f"{CANARY}-{name}"
    for name in (
        *("AWS_SECRET_ACCESS_KEY", "HF_TOKEN", "WANDB_API_KEY", "DB_PASSWORD", "OPENAI_API_KEY", "MY_CREDENTIALS"),
        # These begin as what is kept does.
        *("OMP_TOKEN", "MKL_API_KEY", "SLURM_JOB_TOKEN", "KMP_PASSWORD", "OPENBLAS_SECRET", "TRACKER_TEST_TOKEN"),
    )
}
WORDS = ("--api-key", f"{CANARY}-word", f"--password={CANARY}-equals", f"HF_TOKEN={CANARY}-variable")
URL = f"https://ada:{CANARY}-url@host.test/?token={CANARY}-query&lr=1"
RUNS_A_SWEEP = """
import sys
import sweeps

sweep = sweeps.Sweep("trial.py", parameters={"n": {"values": [0, 1]}}, method="grid", metric="loss")
result = sweeps.run(sweep, store="store")
assert result.best() is not None
"""
# Says what it was given, and what processes there are; then it fails, so that its end is told with a reason.
TRIAL = """
import json, os, sys
from pathlib import Path
import tracker

listed = {}
for place in Path("/proc").glob("[0-9]*/cmdline"):
    try:
        listed[place.parent.name] = place.read_text(errors="replace").replace("\\0", " ")
    except OSError:
        pass
run = tracker.current_run()
run.log({"loss": 1.0}, step=1)
run.log_model("net", lambda folder: (folder / "w").write_text("w"), step=1).log({"loss": 0.5})
run.flush()
place = Path("said-" + os.environ["SWEEPS_TRIAL"])
place.write_text(json.dumps({"own": os.getpid(), "parent": os.getppid(), "listed": listed, "env": dict(os.environ)}))
if os.environ["SWEEPS_TRIAL"] == "1":
    raise ValueError("on purpose")
"""


@pytest.fixture
def said(tmp_path: Path, run: Run) -> list[dict[str, dict[str, str]]]:
    """Run a sweep of a program that has secrets; return what its trials saw."""
    (tmp_path / "sweep.py").write_text(RUNS_A_SWEEP)
    (tmp_path / "trial.py").write_text(TRIAL)
    done = run("python", "sweep.py", *WORDS, "--url", URL, **SECRETS)
    assert CANARY not in done.stdout + done.stderr
    return [json.loads((tmp_path / f"said-{number}").read_text()) for number in (0, 1)]


def test_nothing_secret_is_kept_shown_or_listed(
    said: list[dict[str, dict[str, str]]], tmp_path: Path, run: Run
) -> None:
    kept = {path: path.read_bytes() for path in (tmp_path / "store").rglob("*") if path.is_file()}
    command = next(data for data in kept.values() if b"sweep.py" in data)
    assert b"--api-key '***'" in command
    assert b"ada:***@host.test" in command
    tokens = [each["env"]["MLFLOW_TRACKING_TOKEN"] for each in said]
    for path, data in kept.items():
        assert CANARY.encode() not in data, path
        assert not any(token.encode() in data for token in tokens), path
    for each in said:
        # It has its user's environment all the same.
        assert {name: each["env"].get(name) for name in SECRETS} == SECRETS
        ours = {pid: line for pid, line in each["listed"].items() if "trial.py" in line or "sweeps." in line}
        assert ours
        assert not any(CANARY in line or token in line for token in tokens for line in ours.values())
    for words in (("sweeps", "status", "last"), ("tracker", "runs")):
        shown = run(*words, "--store", "store", "--json", **SECRETS)
        assert CANARY not in shown.stdout + shown.stderr, words
