"""How long a search takes while four clients log as fast as they are answered, and while none does.

The store has the runs of the question about runs; what is logged goes to runs of its own, in another experiment.
Searches are asked one after the other, and each finds all that was answered before it was asked.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from ..figures import Answer, at_most, compared
from ..peers.work import KEYS
from ..programs import Facts
from ..searching.runs_and_mlflow import FEWER
from ..setting import Setting
from . import plans, rest
from .data import filled
from .driver import asking, drive, seconds_of, told, told_of
from .plans import CLIENTS, Plan
from .search_runs import TOP, search
from .servers import OURS, Running, ours, up
from .writing import counted

SLOWED = at_most(5, 2)
# Writers begin before the searches do, and end after them.
MARGIN = 1
WRITES: dict[str, Callable[[Sequence[str]], Plan]] = {
    "log-metric": plans.log_metric,
    f"log-batch of {len(KEYS)}": plans.log_batch,
}


def answer(setting: Setting) -> Answer:
    """Search alone, and beside each kind of writer, in turns."""
    count = max(TOP, setting.models // FEWER)
    with setting.room() as room:
        folder = room / "data"
        shutil.copytree(filled(setting, OURS, ours(), "runs", count), folder)
        rounds = [turns(setting, folder, count) for _ in range(setting.rounds)]
    alone = [each["alone"]["p99"] for each in rounds]
    title = f"top {TOP} of {count:,} runs, p99, beside {CLIENTS} clients that send"
    return Answer(
        [
            compared(
                told_of(f"{title} {kind}"), "ms", [each[kind]["p99"] for each in rounds], "no clients", alone, SLOWED
            )
            for kind in WRITES
        ],
        {"rounds": rounds},
    )


def turns(setting: Setting, folder: Path, count: int) -> Facts:
    """Let each have its turn, with a server that was just started."""
    found = {}
    for kind, plan_of in (("alone", None), *WRITES.items()):
        # A copy of a store, or what the last turn wrote, would be written in this one.
        os.sync()
        with up(ours(), folder) as running:
            found[kind] = turn(setting, running, folder, count, plan_of)
    return found


def turn(
    setting: Setting, running: Running, folder: Path, count: int, plan_of: Callable[[Sequence[str]], Plan] | None
) -> Facts:
    """Search for so long, beside four clients if there is something to write."""
    asked = search(count)
    with rest.connected(running.port) as client:
        reads = asked.plan(client)
        asked.check(client, reads)
        runs = rest.start_runs(client, CLIENTS)
    seconds = seconds_of(setting)
    if plan_of is None:
        return drive(running.port, reads, seconds, folder, connections=1)
    writes = plan_of(runs)
    with asking(running.port, writes, seconds + 2 * MARGIN, folder) as writers:
        facts = drive(running.port, reads, seconds, folder, connections=1)
        written = told(writers)
    points = counted(running, writes, runs, written["requests"])
    return {**facts, "written": written["rate"], **points}
