"""What is asked of servers: the same bodies for all, in the same order, but for the runs' IDs.

A plan is kept in a file that the drivers read: in the first line the path and how many clients there are, in every
other one a body, in which a tab stands for the step. Request number k has the body k modulo their number; its step is
k divided by the number of clients, and one more, so that every client's run has every step once, and none has a time of
0, which FastTrackML takes for none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import orjson

from ..peers.work import KEYS, calls
from .rest import API

CLIENTS = 4
# Different values: every client has so many of its own, in turns.
VALUES = 64
STEP = "\t"


@dataclass(frozen=True)
class Plan:
    """Requests: where to, and their bodies; `points` are those of one request."""

    path: str
    bodies: Sequence[str]
    clients: int = 1
    points: int = 0

    def kept(self, folder: Path) -> Path:
        """Write it into a new file of a folder."""
        path = folder / f"plan-{len(list(folder.glob('plan-*')))}"
        path.write_text("\n".join((f"{self.path}{STEP}{self.clients}", *self.bodies, "")), "utf-8")
        return path


def plan_in(path: Path) -> Plan:
    """Read what was kept."""
    head, *bodies = path.read_text("utf-8").removesuffix("\n").split("\n")
    where, clients = head.split(STEP)
    return Plan(where, bodies, int(clients))


def body(plan: Plan, number: int) -> bytes:
    """Return a request's body."""
    return plan.bodies[number % len(plan.bodies)].replace(STEP, str(number // plan.clients + 1)).encode()


def log_metric(runs: Sequence[str]) -> Plan:
    """Log one point a request, each client to a run of its own."""
    bodies = [
        f'{{"run_id":"{run_id}",{point(key, value)}}}'
        for call in calls(VALUES, 1)
        for run_id in runs
        for key, value in call.items()
    ]
    return Plan(f"{API}/runs/log-metric", bodies, len(runs), 1)


def log_batch(runs: Sequence[str]) -> Plan:
    """Log a hundred points a request, each client to a run of its own."""
    bodies = [
        f'{{"run_id":"{run_id}","metrics":[{",".join(f"{{{point(*each)}}}" for each in call.items())}]}}'
        for call in calls(VALUES, len(KEYS))
        for run_id in runs
    ]
    return Plan(f"{API}/runs/log-batch", bodies, len(runs), len(KEYS))


def point(key: str, value: float) -> str:
    """Return the fields of a point; its time is as many milliseconds as its step."""
    return f'"key":"{key}","value":{value!r},"timestamp":{STEP},"step":{STEP}'


def searches(path: str, said: Sequence[Mapping[str, object]]) -> Plan:
    """Ask for each of these in turns."""
    return Plan(path, [orjson.dumps(each).decode() for each in said])
