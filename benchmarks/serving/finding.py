"""Turns of searching: four clients ask one search after the other among the same data, which nobody changes.

Each answer is held to an independent computation before the clock runs, and must say the same afterwards.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import orjson

from ..figures import Answer, Target
from ..peers import given
from ..programs import Facts, Failed
from ..setting import Setting
from .data import filled
from .driver import drive, seconds_of, told_of
from .plans import Plan, searches
from .rest import API, Rest, connected
from .servers import ANSWER, CEILING, OURS, Running, Server, up
from .turns import figures, in_turns, servers

# How many times the seconds of all searches, asked once, a turn takes at least.
PATIENCE = 4

# Who was found, in order, each with its metrics.
Those = Sequence[tuple[str, Mapping[str, float]]]


@dataclass(frozen=True)
class Search:
    """What is asked for, of how many of a kind, and what is right.

    Attributes:
        kind: what there are, in the words of `stores`.
        said: the bodies, but for the experiment.
        right: what each of them must find.
        those: reads what was found in an answer.
    """

    path: str
    kind: str
    count: int
    said: Sequence[Facts]
    right: Sequence[Those]
    those: Callable[[Facts], Those]

    def plan(self, rest: Rest) -> Plan:
        """Return the requests, for a server's own ID of the experiment."""
        found = rest.get(f"{API}/experiments/get-by-name", {"experiment_name": given.EXPERIMENT})
        ids = [found["experiment"]["experiment_id"]]
        return searches(self.path, [{"experiment_ids": ids, **each} for each in self.said])

    def check(self, rest: Rest, plan: Plan) -> bytes:
        """Ask each once; return the first answer.

        Raises:
            Failed: one is wrong.
        """
        answers = [rest.post(plan.path, orjson.loads(body)) for body in plan.bodies]
        for answer, right in zip(answers, self.right, strict=True):
            if list(self.those(answer)) != list(right):
                raise Failed(f"{self.path}: the answer is wrong: {str(self.those(answer))[:300]}")
        return orjson.dumps(answers[0])


def answer(setting: Setting, title: str, search: Search, targets: Mapping[str, Target | None]) -> Answer:
    """Let each answer in its turn, and compare how many searches it answered in a second."""
    # What ours answers, the app that does nothing answers too.
    heard: list[bytes] = []

    def turn(name: str, server: Server) -> Facts:
        if name == CEILING:
            return idle_turn(setting, server, search, heard[0])
        with up(server, folder := filled(setting, name, server, search.kind, search.count)) as running:
            facts, said = turn_of(setting, running, search, folder)
        heard.extend([said] if name == OURS else [])
        return facts

    found = in_turns(setting, servers(setting, targets), turn)
    return Answer(figures(told_of(title), found, targets), {"rounds": found})


def turn_of(setting: Setting, running: Running, search: Search, folder: Path) -> tuple[Facts, bytes]:
    """Search for so long; return what came of it, and an answer."""
    with connected(running.port) as rest:
        plan = search.plan(rest)
        started = time.perf_counter()
        search.check(rest, plan)
        # Who takes long for one search has time for some of each client.
        seconds = max(seconds_of(setting), math.ceil(PATIENCE * (time.perf_counter() - started)))
    facts = drive(running.port, plan, seconds, folder)
    with connected(running.port) as rest:
        return facts, search.check(rest, plan)


def idle_turn(setting: Setting, server: Server, search: Search, said: bytes) -> Facts:
    """Ask the app that does nothing but to read the same searches, and to write an answer of ours."""
    plan = searches(search.path, search.said)
    with setting.room() as room:
        (room / ANSWER).write_bytes(said)
        with up(server, room) as running:
            return drive(running.port, plan, seconds_of(setting), room)
