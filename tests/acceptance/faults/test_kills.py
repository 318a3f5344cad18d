"""`kill -9` at random moments on loggers, on the writer's process, and on both at once.

The campaign, 300 kills in about five minutes:

    python -m pytest -m campaign tests/acceptance/faults/test_kills.py

A failure names its seed and round; FAULT_SEED=… FAULT_ONLY=… before the command replays that round's choices.
FAULT_ROUNDS=… makes it longer.
"""

from __future__ import annotations

import os
import random
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

import tracker

from .dice import dice
from .ledger import Verdict, verify
from .nursery import Nursery
from .roles import Order

ROUNDS = 12
# Kills in a round; a round has a store of its own, which is verified after every few.
KILLS = 25
EVERY = 5
LOGGERS = 3


@dataclass
class Round:
    """A store, the processes that log into it, and the kills that befall them."""

    folder: Path
    nursery: Nursery
    rng: random.Random
    gathers: bool = False
    loggers: list[int] = field(default_factory=list)
    writers: list[int] = field(default_factory=list)
    runs: list[str] = field(default_factory=list)

    @property
    def store(self) -> Path:
        return self.folder / "store"

    @property
    def ledgers(self) -> Path:
        return self.folder / "ledgers"

    def prepare(self) -> None:
        self.ledgers.mkdir(parents=True)
        with tracker.open(self.store) as opened:
            self.runs = [opened.start_run("killed").run_id for _ in range(3)]

    def fill(self) -> None:
        """Start who is missing."""
        while len(self.writers) < 1:
            role = self.rng.choice(("writer", "logging writer"))
            self.writers.append(self.start(role))
        while len(self.loggers) < LOGGERS:
            self.loggers.append(self.start("logger"))

    def start(self, role: str) -> int:
        paths = str(self.store), str(self.ledgers)
        return self.nursery.start(Order(role, *paths, self.runs, self.rng.getrandbits(32), self.gathers))

    def strike(self) -> None:
        """Let them work for a random while, then kill some."""
        self.fill()
        time.sleep(self.rng.choice((0.02, 0.2, 0.5)) * self.rng.random())
        kind = self.rng.choice(("loggers", "writers", "both"))
        fallen = []
        if kind != "writers":
            fallen += [self.loggers.pop() for _ in range(self.rng.randint(1, LOGGERS))]
        if kind != "loggers":
            fallen += [self.writers.pop()]
        self.nursery.kill(*fallen)

    def verify(self) -> Verdict:
        """Kill all who are left, and compare store and ledgers."""
        self.nursery.kill(*self.loggers, *self.writers)
        self.loggers, self.writers = [], []
        return verify(self.store, self.ledgers)


def play(this: Round, kills: int, name: str) -> Verdict:
    this.prepare()
    verdict = Verdict()
    for number in range(1, kills + 1):
        this.strike()
        if number % EVERY == 0 or number == kills:
            verdict = this.verify()
            assert not verdict.problems, f"{name}, kill {number}: {verdict.problems}"
    assert "database is locked" not in this.nursery.errors(), name
    assert "Traceback" not in this.nursery.errors(), f"{name}: {this.nursery.errors()}"
    return verdict


def test_killed_processes_lose_repeat_and_halve_nothing(tmp_path: Path, seed: int) -> None:
    with Nursery(tmp_path / "errors") as nursery:
        verdict = play(Round(tmp_path, nursery, dice(seed)), 2 * EVERY, f"FAULT_SEED={seed}")
    assert verdict.acked > 100


def test_the_control_that_gathers_in_memory_loses(tmp_path: Path, seed: int) -> None:
    verdict = Verdict()
    with Nursery(tmp_path / "errors") as nursery:
        control = Round(tmp_path, nursery, dice(seed), gathers=True)
        control.prepare()
        while not verdict.acked:
            control.strike()
            verdict = control.verify()
    # Whatever was written at a flush is there and sound: only what waited is lost.
    assert set(verdict.problems) == {"lost"}, f"FAULT_SEED={seed}: {verdict.problems}"


@pytest.mark.campaign
@pytest.mark.timeout(3600)
def test_the_kill_campaign(tmp_path: Path, seed: int, only: int | None) -> None:
    acked = kills = 0
    rounds = int(os.environ.get("FAULT_ROUNDS", ROUNDS))
    for number in range(rounds) if only is None else [only]:
        with Nursery(tmp_path / f"errors-{number}") as nursery:
            this = Round(tmp_path / f"round-{number}", nursery, dice(seed, number))
            verdict = play(this, KILLS, f"FAULT_SEED={seed} FAULT_ONLY={number}")
        acked, kills = acked + verdict.acked, kills + KILLS
        print(f"round {number}: {kills} kills, {acked} points acknowledged, 0 problems", flush=True)  # noqa: T201
    assert only is not None or acked >= 100_000
