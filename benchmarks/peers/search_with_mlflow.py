"""Search with MLflow's client in a SQLite file that was filled in bulk: modes `models` and `runs`.

What is timed is the client's search.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import mlflow  # type: ignore[import-not-found, unused-ignore]

from . import given
from .fill_mlflow import Row, client_of, fill_models, fill_runs
from .given import ModelSearch, RunSearch, Told
from .work import answer, arguments

LENGTH = 100
TOP = 5


def main() -> None:
    """Fill a file, and search in it."""
    asked = arguments(__doc__)
    client = client_of(asked.folder)
    experiment_id = client.create_experiment(given.EXPERIMENT)
    started = time.perf_counter()
    searches = FILL[asked.mode](client, asked.folder, experiment_id, asked.models)
    seconds = time.perf_counter() - started
    found = {name: timed(some, asked.rounds) for name, some in searches.items()}
    answer({"version": mlflow.__version__, "filled": seconds, "searches": found})


Searches = dict[str, list[Callable[[], Told]]]


def with_models(client: mlflow.MlflowClient, folder: Path, experiment_id: str, count: int) -> Searches:
    """Fill the tables of models, and return what to search for."""
    shape = given.beside_peers(count)
    fill_models(folder, experiment_id, count)

    def search(wanted: ModelSearch) -> Told:
        found = client.search_logged_models(
            [experiment_id],
            filter_string=wanted.filter_string,
            order_by=[{"field_name": "metrics.accuracy", "ascending": False}],
            max_results=TOP,
        )
        return [(each.model_id, each.params, {entry.key: entry.value for entry in each.metrics}) for each in found]

    return {kind: [partial(search, wanted) for wanted in given.model_searches(shape, kind)] for kind in given.KINDS}


def with_runs(client: mlflow.MlflowClient, folder: Path, experiment_id: str, count: int) -> Searches:
    """Fill the tables of runs, and return what to search for."""
    fill_runs(folder, experiment_id, count)

    def search(wanted: RunSearch) -> Told:
        found = client.search_runs(
            [experiment_id],
            filter_string=wanted.filter_string,
            order_by=[f"metrics.{wanted.order} DESC"],
            max_results=LENGTH,
        )
        return [(each.info.run_id, each.data.params, each.data.metrics) for each in found]

    return {"runs": [partial(search, wanted) for wanted in given.run_searches()]}


FILL: dict[str, Callable[[mlflow.MlflowClient, Path, str, int], Searches]] = {"models": with_models, "runs": with_runs}


def timed(searches: list[Callable[[], Told]], rounds: int) -> Row:
    """Search for each so many times, and once before; return the median milliseconds of each, and what was found."""
    times, prints = [], []
    for search in searches:
        prints.append(given.fingerprint(search()))
        took = []
        for _ in range(rounds):
            started = time.perf_counter()
            search()
            took.append(1000 * (time.perf_counter() - started))
        times.append(statistics.median(took))
    return {"ms": times, "found": prints}


if __name__ == "__main__":
    main()
