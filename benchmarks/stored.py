"""Points per second from the first `log()` until all is *stored*, beside rows written by hand, and beside peers.

Everybody logs the same points in a process of its own, one after the other, in rounds. How durable each one's points
are when its clock stops stands beside its rate: nobody is made to do more than it does by itself.
"""

from __future__ import annotations

import statistics
import sys
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from .environments import QUIET
from .figures import Answer, Figure, at_least, compared
from .programs import Facts, Failed, run
from .setting import Setting

TEN, ONE = 10, 1
FROM_ROWS = {TEN: at_least(1.3, 2.5)}
FROM_PEERS = {TEN: at_least(8, 20), ONE: at_least(3, 8)}


@dataclass(frozen=True)
class Contestant:
    """Somebody who logs.

    Attributes:
        share: the part of the suite's points that takes seconds, for ten metrics a call and for one; it does not
            take part where there is none.
        stores: whether its points are in its store when its clock stops.
    """

    name: str
    program: str
    share: Mapping[int, float]
    mode: str = ""
    peer: str = ""
    stores: bool = True


EVERYTHING = {TEN: 1.0, ONE: 1.0}
OURS = Contestant("tracker", "log_with_tracker", EVERYTHING)
ROWS = [
    Contestant("sqlite3 rows", "log_with_rows", EVERYTHING),
    Contestant("sqlite3 rows with an index", "log_with_rows", EVERYTHING, "indexed"),
]
PEERS = [
    Contestant("Trackio", "log_with_trackio", {TEN: 1.0, ONE: 0.15}, peer="trackio"),
    Contestant(
        "Trackio, inbox of JSON lines", "log_with_trackio", {TEN: 1.0, ONE: 0.25}, "inbox", "trackio", stores=False
    ),
    Contestant("W&B offline", "log_with_wandb", {TEN: 0.4, ONE: 0.05}, peer="wandb"),
    Contestant("TensorBoardX", "log_with_tensorboardx", {TEN: 0.12, ONE: 0.12}, peer="tensorboardx"),
    Contestant("Aim", "log_with_aim", {TEN: 0.08, ONE: 0.04}, peer="aim"),
    Contestant("MLflow", "log_with_mlflow", {TEN: 0.012, ONE: 0.003}, peer="mlflow"),
    Contestant("MLflow in batches of 1000", "log_with_mlflow", {TEN: 0.06}, "thousands", "mlflow"),
]


def answer(setting: Setting) -> Answer:
    """Measure ten metrics a call, and one."""
    figures: list[Figure] = []
    details: Facts = {}
    for metrics in (TEN, ONE):
        found, failed = measure(setting, metrics)
        figures += figures_of(metrics, found)
        details[f"{metrics} a call"] = {"contestants": found, "failed": failed}
    return Answer(figures, details)


def measure(setting: Setting, metrics: int) -> tuple[dict[str, list[Facts]], dict[str, str]]:
    """Let everybody take turns; return what each reported in each round, and who could not take part and why."""
    found: dict[str, list[Facts]] = defaultdict(list)
    failed: dict[str, str] = {}
    for _ in range(setting.rounds):
        for contestant in [OURS, *ROWS]:
            found[contestant.name].append(one(setting, contestant, metrics))
        for peer in PEERS if setting.peers else ():
            if metrics in peer.share and peer.name not in failed:
                try:
                    found[peer.name].append(one(setting, peer, metrics))
                except Failed as error:
                    setting.say(f"  {peer.name}: not measured: {error}")
                    failed[peer.name] = str(error)
    return {name: facts for name, facts in found.items() if name not in failed}, failed


def one(setting: Setting, contestant: Contestant, metrics: int) -> Facts:
    """Let one contestant log once, and return what it reported."""
    points = max(metrics, int(setting.points * contestant.share[metrics]) // metrics * metrics)
    with setting.room() as room:
        for name in ("home", "store"):
            (room / name).mkdir()
        foreign = contestant.peer and setting.peers
        return run(
            f"peers.{contestant.program}",
            python=foreign.python(contestant.peer) if foreign else sys.executable,
            environment={**QUIET, "HOME": str(room / "home")} if foreign else {},
            points=points,
            metrics=metrics,
            mode=contestant.mode,
            folder=room / "store",
        )


def figures_of(metrics: int, found: Mapping[str, list[Facts]]) -> list[Figure]:
    """Compare ours with everybody; what must be reached stands beside the rows and beside the fastest peer's store."""
    rates = {name: [facts["points"] / facts["seconds"] for facts in rounds] for name, rounds in found.items()}
    title, ours, must = f"log() to stored, {metrics} a call", rates[OURS.name], FROM_PEERS[metrics]
    figures = [compared(title, "points/s", ours, row.name, rates[row.name], FROM_ROWS.get(metrics)) for row in ROWS]
    stores = {peer.name: statistics.median(rates[peer.name]) for peer in PEERS if peer.stores and peer.name in rates}
    if not stores:
        return [*figures, Figure(title, "points/s", statistics.median(ours), must, "the fastest peer")]
    fastest = max(stores, key=stores.__getitem__)
    return figures + [
        compared(title, "points/s", ours, peer.name, rates[peer.name], must if peer.name == fastest else None)
        for peer in PEERS
        if peer.name in rates
    ]
