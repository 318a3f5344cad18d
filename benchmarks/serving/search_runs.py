"""The ten best runs of many by a metric, four clients: searches per second, beside MLflow's server and FastTrackML.

Each run has logged fifty metrics and is answered with all of them; four metrics give the order, in turns.
"""

from __future__ import annotations

from ..figures import Answer, at_least
from ..peers import given
from ..peers.given import RUN_KEYS, GivenRun
from ..programs import Facts
from ..searching import stores
from ..searching.runs_and_mlflow import FEWER
from ..setting import Setting
from . import finding
from .data import name_of
from .finding import Search, Those
from .plans import CLIENTS
from .rest import API
from .servers import CEILING, FASTTRACKML, MLFLOW

TOP = 10
KEYS = RUN_KEYS[:CLIENTS]
TARGETS = {FASTTRACKML: at_least(1, 2), MLFLOW: at_least(50, 100), CEILING: None}


def answer(setting: Setting) -> Answer:
    """Let each search."""
    count = max(TOP, setting.models // FEWER)
    return finding.answer(setting, f"top {TOP} of {count:,} runs, {CLIENTS} clients", search(count), TARGETS)


def search(count: int) -> Search:
    """Return the searches, and what they must find."""
    runs = list(given.long_runs(count))
    return Search(
        path=f"{API}/runs/search",
        kind=stores.RUNS,
        count=count,
        said=[{"max_results": TOP, "order_by": [f"metrics.{key} DESC"]} for key in KEYS],
        right=[best(runs, key) for key in KEYS],
        those=those,
    )


def best(runs: list[GivenRun], key: str) -> Those:
    """Return the best runs."""
    return [(name_of(each), each.metrics) for each in sorted(runs, key=lambda run: -run.metrics[key])[:TOP]]


def those(answer: Facts) -> Those:
    """Return the runs of an answer."""
    return [
        (run["info"]["run_name"], {metric["key"]: metric["value"] for metric in run["data"]["metrics"]})
        for run in answer.get("runs", [])
    ]
