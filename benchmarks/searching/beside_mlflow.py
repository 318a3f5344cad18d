"""What questions share that let MLflow search for the same in the same data."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence

from ..environments import QUIET
from ..figures import Figure, Target, compared
from ..peers import given
from ..peers.given import Told
from ..programs import Facts, Failed, run
from ..setting import Setting
from .clock import in_turns

MLFLOW = "MLflow's client, on SQLite"


def by_mlflow(setting: Setting, mode: str, count: int) -> Facts:
    """Return how long MLflow's searches took and what they found, by kind, or why they did not take place."""
    if setting.peers is None:
        return {"missing": "peers were left out"}
    setting.say(f"  {MLFLOW}: filling a file with {count:,} {mode} …")
    try:
        python = setting.peers.python("mlflow")
        with setting.room() as room:
            return run(
                "peers.search_with_mlflow",
                python=python,
                environment={**QUIET, "HOME": str(room)},
                models=count,
                rounds=max(3, setting.rounds),
                folder=room,
                mode=mode,
            )
    except Failed as error:
        setting.say(f"  {MLFLOW}: not measured: {error}")
        return {"missing": str(error)}


def timed(searches: Sequence[Callable[[], Told]], times: int) -> Facts:
    """Search for each so many times, in turns; return the median milliseconds of each, and what was found."""
    took = in_turns(dict(enumerate(searches)), times)
    return {
        "ms": [statistics.median(took[number]) for number in range(len(searches))],
        "found": [given.fingerprint(search()) for search in searches],
    }


def figure(name: str, ours: Facts, theirs: Facts, target: Target) -> Figure:
    """Compare how many searches a second there are, search by search.

    Raises:
        Failed: MLflow has found something else.
    """
    rates = [1000 / ms for ms in ours["ms"]]
    if "missing" in theirs:
        return Figure(name, "searches/s", statistics.median(rates), target, MLFLOW, note=theirs["missing"])
    if theirs["found"] != ours["found"]:
        raise Failed(f"{name}: MLflow finds something else than we do")
    return compared(name, "searches/s", rates, MLFLOW, [1000 / ms for ms in theirs["ms"]], target)
