"""From a server's start to its first answer, and the memory that it holds then, idle, with an empty store.

The clock starts before the process does, and stops when a search is answered. The processes of a server count together;
what they share counts for each of them.
"""

from __future__ import annotations

import statistics
import time

from ..figures import Answer, Figure, at_most
from ..programs import Facts, Failed
from ..setting import Setting
from .memory import resident
from .servers import FASTTRACKML, MLFLOW, OURS, Server, up
from .turns import figures, in_turns, servers

# How long it is left alone before its memory is read.
IDLE_SECONDS = 2.0
MEGA = 1_000_000
SECONDS = at_most(1, 0.5)
MEGABYTES = at_most(90, 60)
PEERS = (FASTTRACKML, MLFLOW)


def answer(setting: Setting) -> Answer:
    """Start each, several times."""
    found = in_turns(setting, servers(setting, PEERS), lambda _, server: turn(setting, server))
    mine = found[OURS]
    if isinstance(mine, str):
        raise Failed(mine)
    kinds = [("start", "s", SECONDS, "start to first answer"), ("memory", "MB", MEGABYTES, "resident memory, idle")]
    return Answer(
        [
            figure
            for what, unit, target, title in kinds
            for figure in (
                Figure(title, unit, statistics.median(each[what] for each in mine), target),
                *figures(title, found, dict.fromkeys(PEERS), what=what, unit=unit),
            )
        ],
        {"rounds": found},
    )


def turn(setting: Setting, server: Server) -> Facts:
    """Start it with an empty store, and leave it alone for a while."""
    with setting.room() as room, up(server, room) as running:
        time.sleep(min(IDLE_SECONDS, setting.seconds))
        return {"start": running.seconds, "memory": resident(running.pid) / MEGA}
