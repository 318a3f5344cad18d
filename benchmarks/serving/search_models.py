"""The five best models of many on one dataset, four clients: searches per second, beside MLflow's server.

There are as many as MLflow's file can be filled with in half a minute; FastTrackML knows no models.
"""

from __future__ import annotations

import heapq

from ..figures import Answer, at_least
from ..peers import given
from ..programs import Facts
from ..searching.models_and_mlflow import FEWER
from ..searching.top import METRIC, ORDER, TOP
from ..setting import Setting
from . import finding
from .finding import Search, Those
from .plans import CLIENTS
from .rest import API
from .servers import CEILING, MLFLOW

TARGETS = {MLFLOW: at_least(100, 1000), CEILING: None}


def answer(setting: Setting) -> Answer:
    """Let each search."""
    count = max(TOP, setting.models // FEWER)
    return finding.answer(setting, f"top {TOP} of {count:,} models, {CLIENTS} clients", search(count), TARGETS)


def search(count: int) -> Search:
    """Return the search, and what it must find."""
    models = given.models(given.beside_peers(count))
    best = heapq.nlargest(TOP, models, key=lambda model: model.metrics[METRIC])
    return Search(
        path=f"{API}/logged-models/search",
        kind="models-of-peers",
        count=count,
        said=[{"max_results": TOP, "order_by": ORDER}],
        right=[[(each.model_id, each.metrics) for each in best]],
        those=those,
    )


def those(answer: Facts) -> Those:
    """Return the models of an answer."""
    return [
        (model["info"]["model_id"], {metric["key"]: metric["value"] for metric in model["data"]["metrics"]})
        for model in answer.get("models", [])
    ]
