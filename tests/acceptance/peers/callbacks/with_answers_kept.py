"""Run a program, and keep what each of its requests was answered: runs in MLflow's environment.

    python with_answers_kept.py KEPT PROGRAM

`KEPT` gets a JSON list of `[verb, path, status, what an error says]`, without repetitions.
"""

from __future__ import annotations

import json
import re
import runpy
import sys
from pathlib import Path
from typing import Any

import requests  # type: ignore[import-untyped, unused-ignore]

# What differs from one time to the next: IDs of runs and models, and where a file is.
CHANGING = (
    (re.compile(r"(/mlflow-artifacts/artifacts)/.*"), r"\1/…"),
    (re.compile(r"m-[0-9a-f]{32}"), "MODEL"),
    (re.compile(r"[0-9a-f]{32}"), "RUN"),
    (re.compile(r"(experiment_id=|/)\d+(?=[/&]|$)"), r"\1EXPERIMENT"),
)


def general(path: str) -> str:
    """Return a request's path without what differs from one time to the next."""
    path = path.partition("?")[0]
    for pattern, name in CHANGING:
        path = pattern.sub(name, path)
    return path


def main() -> None:
    """Run the program named on the command line as it is run by itself."""
    kept, program = Path(sys.argv[1]), sys.argv[2]
    answers: set[tuple[str, str, int, str]] = set()
    send = requests.Session.send

    def send_and_keep(self: Any, request: Any, **how: Any) -> Any:  # noqa: ANN401  # as requests has it
        answer = send(self, request, **how)
        refused = "" if answer.ok or how.get("stream") else str(answer.json().get("error_code"))
        answers.add((request.method, general(request.path_url), answer.status_code, refused))
        return answer

    requests.Session.send = send_and_keep  # type: ignore[method-assign, unused-ignore]
    sys.argv = sys.argv[2:]
    runpy.run_path(program, run_name="__main__")
    kept.write_text(json.dumps(sorted(answers)), "utf-8")


if __name__ == "__main__":
    main()
