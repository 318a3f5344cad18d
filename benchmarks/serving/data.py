"""The same runs and models for every server to search among, each filled the quickest way that is honest.

Ours through its own journal and writer; MLflow's file through its own SQLAlchemy models, row for row as its server
would; FastTrackML, which has no way but its REST protocol, by a batch for each run. Runs keep their IDs, but with
FastTrackML, which gives its own: so runs are known by their names and metrics.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from ..environments import QUIET
from ..peers import given
from ..peers.given import GivenRun
from ..programs import Failed, run
from ..searching import stores
from ..setting import Setting
from .rest import API, Rest, connected
from .servers import FASTTRACKML, MLFLOW, OURS, Server, up

Fill = Callable[[Setting, Server, str, int, Path], None]


def filled(setting: Setting, name: str, server: Server, kind: str, count: int) -> Path:
    """Return a folder with the data of a server, filled once; kinds are those of `stores`."""

    def fill(folder: Path) -> None:
        folder.mkdir()
        FILL[name](setting, server, kind, count, folder)

    return setting.shared(f"{kind}-{count}-{name.partition(' ')[0]}", fill)


def fill_ours(setting: Setting, server: Server, kind: str, count: int, folder: Path) -> None:
    """Copy a store that others read."""
    del server
    shutil.copytree(stores.shared(setting, kind, count), folder / "store")


def fill_mlflow(setting: Setting, server: Server, kind: str, count: int, folder: Path) -> None:
    """Fill MLflow's file."""
    del server
    if setting.peers is None:
        raise Failed("peers were left out")
    setting.say(f"  {MLFLOW}: filling a file with {count:,} {kind} …")
    run(
        "peers.fill_mlflow",
        python=setting.peers.python("mlflow"),
        environment={**QUIET, "HOME": str(folder)},
        models=count,
        folder=folder,
        mode="runs" if kind == stores.RUNS else "models",
    )


def fill_fasttrackml(setting: Setting, server: Server, kind: str, count: int, folder: Path) -> None:
    """Log runs; FastTrackML knows no models."""
    setting.say(f"  {FASTTRACKML}: logging {count:,} {kind} …")
    with up(server, folder) as running, connected(running.port) as rest:
        experiment_id = rest.post(f"{API}/experiments/create", {"name": given.EXPERIMENT})["experiment_id"]
        for each in given.long_runs(count):
            log(rest, experiment_id, each)


def log(rest: Rest, experiment_id: str, given_run: GivenRun) -> None:
    """Log a whole run."""
    started = {"experiment_id": experiment_id, "run_name": name_of(given_run), "start_time": given_run.start_time}
    run_id = rest.post(f"{API}/runs/create", started)["run"]["info"]["run_id"]
    at = {"timestamp": given_run.start_time, "step": 1}
    metrics = [{"key": key, "value": value, **at} for key, value in given_run.metrics.items()]
    params = [{"key": key, "value": str(value)} for key, value in given_run.params.items()]
    rest.post(f"{API}/runs/log-batch", {"run_id": run_id, "metrics": metrics, "params": params})
    ended = {"run_id": run_id, "status": "FINISHED", "end_time": given_run.start_time + given.RUN_MS}
    rest.post(f"{API}/runs/update", ended)


def name_of(given_run: GivenRun) -> str:
    """Return the name that a run has everywhere."""
    return f"run-{given_run.run_id[:6]}"


FILL: Mapping[str, Fill] = {OURS: fill_ours, MLFLOW: fill_mlflow, FASTTRACKML: fill_fasttrackml}
