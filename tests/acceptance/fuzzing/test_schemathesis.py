"""Requests that schemathesis makes up from `/openapi.json`, valid and not: no 5xx, and no answer unlike its schema."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from ...served import served

pytest.importorskip("schemathesis", reason="pip install -e '.[campaign]'")

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)
# They answer 501, as MLflow's server does for a disk.
NOT_TAKEN = r"/mlflow-artifacts/(mpu|presigned)/"
HOOKS = Path(__file__).with_name("with_known_ids.py")


def known_ids(address: str) -> dict[str, str]:
    def post(path: str, **fields: object) -> dict[str, dict[str, dict[str, str]]]:
        answer = httpx.post(f"{address}/api/2.0/mlflow/{path}", json=fields).raise_for_status()
        found: dict[str, dict[str, dict[str, str]]] = answer.json()
        return found

    run_id = post("runs/create", run_name="first")["run"]["info"]["run_id"]
    model = post("logged-models", experiment_id="0", name="net", source_run_id=run_id)["model"]["info"]
    post("runs/log-metric", run_id=run_id, key="loss", value=0.5, timestamp=1)
    ids = {"experiment_id": "0", "run_id": run_id, "source_run_id": run_id, "model_id": model["model_id"]}
    return {**ids, "experiment_name": "Default", "key": "loss", "metric_key": "loss"}


def fuzz(address: str, folder: Path, phases: str, cases: int) -> int:
    """Send that many cases for each operation; return how many it were in all."""
    (folder / HOOKS.name).write_text(HOOKS.read_text("utf-8"), "utf-8")
    env = {**os.environ, "KNOWN_IDS": json.dumps(known_ids(address)), "SCHEMATHESIS_HOOKS": HOOKS.stem}
    words = [str(Path(sys.executable).with_name("st")), "run", f"{address}/openapi.json", "--continue-on-failure"]
    words += ["--phases", phases, "--checks", ",".join(CHECKS), "--max-examples", str(cases), "--seed", "7"]
    words += ["--exclude-path-regex", NOT_TAKEN, "--no-color", "--suppress-health-check", "all"]
    done = subprocess.run(
        words, cwd=folder, env={**env, "PYTHONPATH": str(folder)}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-2000:]
    found = re.search(r"(\d[\d,]*) generated", done.stdout)
    assert found is not None, done.stdout
    return int(found[1].replace(",", ""))


def test_some_hundred_requests(tmp_path: Path) -> None:
    with served(tmp_path) as server:
        assert fuzz(server.address, tmp_path, "fuzzing", 8) > 300


@pytest.mark.campaign
@pytest.mark.timeout(3600)
def test_twenty_thousand_requests(tmp_path: Path) -> None:
    with served(tmp_path) as server:
        assert fuzz(server.address, tmp_path, "examples,coverage,fuzzing,stateful", 200) > 20_000
