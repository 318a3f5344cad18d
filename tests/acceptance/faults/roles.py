"""What the processes of fault tests do until they are killed: pure programs, each with its own ledger."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import tracker

from .dice import dice
from .gathering import gather
from .ledger import Ledger

SPECIAL = (math.nan, math.inf, -math.inf, -0.0, 0.0, 5e-324, 1.7976931348623157e308)


@dataclass(frozen=True, slots=True)
class Order:
    """What a process is told: its role, where, into which runs, and the seed of all it chooses."""

    role: str
    store: str
    ledgers: str
    runs: list[str]
    seed: int
    gathers: bool = False
    forever: bool = True


def perform(order: Order) -> None:
    """Do what was ordered, until killed."""
    release = gather() if order.gathers else lambda: None
    ROLES[order.role](order, dice(order.seed), release)


def log_only(order: Order, rng: random.Random, release: Callable[[], None]) -> None:
    """Log into others' runs, with no store open; now and then flush, which opens it for the moment."""
    ledger = Ledger(Path(order.ledgers))
    attached = tracker.attach(order.store)
    stream = Stream(ledger, attached.run(rng.choice(order.runs)), rng)
    while order.forever:
        stream.burst()
        if rng.random() < 0.01:
            release()
            ledger.flush(stream.run)


def write_only(order: Order, rng: random.Random, release: Callable[[], None]) -> None:
    """Open the store and fold in what others log."""
    del rng, release
    with tracker.open(order.store):
        while order.forever:
            time.sleep(60)


def write_and_log(order: Order, rng: random.Random, release: Callable[[], None]) -> None:
    """Open the store, fold in what others log, and log too."""
    ledger = Ledger(Path(order.ledgers))
    with tracker.open(order.store) as opened:
        stream = Stream(ledger, opened.start_run(run_id=rng.choice(order.runs)), rng)
        while order.forever:
            stream.burst()
            if rng.random() < 0.05:
                release()
                ledger.flush(stream.run)


ROLES = {"logger": log_only, "writer": write_only, "logging writer": write_and_log}


class Stream:
    """Logs in bursts at a random rate: one metric a call, or ten, or a batch; mostly forward, sometimes backward."""

    def __init__(self, ledger: Ledger, run: tracker.Run, rng: random.Random) -> None:
        self.run = run
        self._ledger = ledger
        self._rng = rng
        self._step = rng.randrange(-1000, 1000)
        self._pause = rng.choice((0.002, 0.01, 0.02))
        self._most = rng.choice((2, 10, 40))
        # Keys that several processes share, and one of its own for values that are not unique.
        self._keys = [f"metric {number}" for number in range(10)]
        self._own = f"special/{rng.getrandbits(48):x}"
        self._wide = rng.random() < 0.5

    def burst(self) -> None:
        """Log a few calls, then rest a little."""
        for _ in range(self._rng.randint(1, self._most)):
            self._step += 1 if self._rng.random() < 0.95 else -self._rng.randint(0, 50)
            self.call()
        time.sleep(self._rng.expovariate(1 / self._pause))

    def call(self) -> None:
        """Log once."""
        kind = self._rng.random()
        if kind < 0.05:
            self._ledger.log(self.run, {self._own: self._rng.choice(SPECIAL)}, self._step)
        elif kind < 0.1:
            steps = list(range(self._step, self._step + self._rng.randint(1, 30)))
            columns = {key: [self._rng.random() for _ in steps] for key in self._keys[:3]}
            self._ledger.log_batch(self.run, columns, steps)
        else:
            keys = self._keys if self._wide else self._keys[:1]
            self._ledger.log(self.run, {key: self._rng.random() for key in keys}, self._step)
