"""Turns of logging: four clients, each with a run of its own in a new store, log as fast as they are answered.

When the time is over, each of the four may have sent one more request, of whose answer it knows nothing: so there must
be as many points as were answered, and at most those of four requests more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from ..figures import Answer, Target
from ..peers.work import KEYS
from ..programs import Facts, Failed
from ..setting import Setting
from . import rest
from .driver import drive, seconds_of, told_of
from .plans import CLIENTS, Plan
from .servers import Running, Server, up
from .turns import figures, in_turns, servers

NOBODY = "0" * 32


def answer(
    setting: Setting, title: str, plan_of: Callable[[Sequence[str]], Plan], targets: Mapping[str, Target | None]
) -> Answer:
    """Let each log in its turn, and compare how many requests they answered in a second."""
    found = in_turns(setting, servers(setting, targets), lambda _, server: turn(setting, server, plan_of))
    return Answer(figures(told_of(title), found, targets), {"rounds": found})


def turn(setting: Setting, server: Server, plan_of: Callable[[Sequence[str]], Plan]) -> Facts:
    """Log into a new store, and count what is there."""
    with setting.room() as room, up(server, room) as running:
        runs = started(server, running)
        plan = plan_of(runs)
        facts = drive(running.port, plan, seconds_of(setting), room)
        return {**facts, **(counted(running, plan, runs, facts["requests"]) if server.keeps else {})}


def started(server: Server, running: Running) -> list[str]:
    """Start a run for each client, where runs are kept."""
    if not server.keeps:
        return [NOBODY] * CLIENTS
    with rest.connected(running.port) as client:
        return rest.start_runs(client, CLIENTS)


def counted(running: Running, plan: Plan, runs: Sequence[str], answered: int) -> Facts:
    """Count the points that a server has.

    Raises:
        Failed: there are too few, or too many.
    """
    with rest.connected(running.port) as client:
        points = rest.points(client, runs, KEYS[: plan.points])
    if not answered * plan.points <= points <= (answered + CLIENTS) * plan.points:
        raise Failed(f"{points:,} points are there, and {answered:,} requests of {plan.points} were answered")
    return {"points": points}
