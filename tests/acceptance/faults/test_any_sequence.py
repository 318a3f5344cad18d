"""Any sequence of logs, flushes, kills and reopenings equals a model of dictionaries and lists, bit for bit.

The default run is short; the campaign tries many more, for a few minutes:

    python -m pytest -m campaign tests/acceptance/faults/test_any_sequence.py --hypothesis-seed=0
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import tracker

from .ledger import Curve, Point, bits_of, points_of

KEYS = ["loss", "acc", "val/loss", "größe", "a b"]
# The first two are logged by a process that has no store open and is killed, the last by who has it open.
ATTACHED, RUNS = 2, 3
SPECIAL = [float("nan"), float("inf"), float("-inf"), -0.0, 5e-324, 1.7976931348623157e308]
LEAST, MOST = -(2**63), 2**63 - 1


@dataclass
class World:
    """A store, who has it open, a process that only logs, and the model of all that was logged."""

    store: Path
    runs: list[str] = field(default_factory=list)
    model: dict[Curve, list[Point]] = field(default_factory=lambda: defaultdict(list))
    handles: list[tracker.Run] = field(default_factory=list)

    def begin(self) -> None:
        self.opened, self.attached = tracker.open(self.store), tracker.attach(self.store)
        self.runs = [*(uuid.uuid4().hex for _ in range(ATTACHED)), self.opened.start_run().run_id]
        self.get()

    def get(self) -> None:
        """Get the runs, as a new process would."""
        self.handles = [self.attached.run(run_id) for run_id in self.runs[:ATTACHED]]
        self.handles += [self.opened.start_run(run_id=run_id) for run_id in self.runs[ATTACHED:]]

    def log(self, number: int, metrics: dict[str, float], step: int) -> None:
        self.handles[number].log(metrics, step=step)
        for key, value in metrics.items():
            self.model[self.runs[number], key].append((step, bits_of(value)))

    def log_batch(self, number: int, points: list[tuple[int, float]]) -> None:
        steps, values = [step for step, _ in points], [value for _, value in points]
        run: Any = self.handles[number]
        run.log_batch({"loss": np.array(values), "acc": np.array(values) / 2}, steps=np.array(steps, dtype=np.int64))
        self.model[self.runs[number], "loss"] += [(step, bits_of(value)) for step, value in points]
        self.model[self.runs[number], "acc"] += [(step, bits_of(value / 2)) for step, value in points]

    def flush(self) -> None:
        assert self.handles[0].flush() == tracker.Level.STORED

    def fold(self) -> None:
        assert self.opened.catch_up()

    def kill(self, torn: float | bytes | None) -> None:
        """Let the logging process die: between two writes, or in one (a part of its bytes), or leaving rubbish."""
        journal_id = self.attached.run("", "")._recorder.journal.journal_id
        self.log(0, {"last": 1.0}, 0)
        # An older part may still be there, folded in and about to be removed.
        path = max((self.store / "journals").glob(f"{journal_id}-*.journal"))
        size = path.stat().st_size
        self.log(0, {"last": 2.0}, 0)
        with path.open("rb+") as journal:
            last = journal.read()[size:]
            journal.write(last[: int(len(last) * torn)] if isinstance(torn, float) else torn or b"")
        self.attached.close()
        self.attached = tracker.attach(self.store)
        self.reopen()

    def reopen(self) -> None:
        self.opened.close()
        self.opened = tracker.open(self.store)
        self.get()

    def check(self) -> None:
        """Compare every curve, sorted by step and, within a step, as logged."""
        self.fold()
        for (run_id, key), logged in self.model.items():
            read = points_of(self.opened.metric_history(run_id, key))
            assert read == sorted(logged, key=lambda point: point[0]), (run_id, key)
        for run_id in {run_id for run_id, _ in self.model}:
            assert set(self.opened.get_run(run_id).metrics) == {key for run, key in self.model if run == run_id}

    def end(self) -> None:
        self.attached.close()
        self.opened.close()
        assert list((self.store / "journals").glob("*.journal")) == []


@dataclass(frozen=True)
class Do:
    """One thing to do with a world, so that a failing sequence reads like a program."""

    name: str
    arguments: tuple[Any, ...] = ()

    def __repr__(self) -> str:
        return f"{self.name}{self.arguments}"


numbers = st.integers(0, RUNS - 1)
values = st.floats(width=64) | st.sampled_from(SPECIAL)
steps = st.integers(-3, 3) | st.integers(LEAST, MOST) | st.sampled_from([LEAST, MOST])
metrics = st.dictionaries(st.sampled_from(KEYS), values, min_size=1, max_size=5)
logs = st.builds(lambda *arguments: Do("log", arguments), numbers, metrics, steps)
points = st.lists(st.tuples(steps, values), min_size=1, max_size=8)
batches = st.builds(lambda *arguments: Do("log_batch", arguments), numbers, points)
torn = st.none() | st.floats(0, 0.99) | st.binary(max_size=40)
kills = st.builds(lambda *arguments: Do("kill", arguments), torn)
others = st.sampled_from([Do("flush"), Do("fold"), Do("reopen"), Do("check")])
sequences = st.lists(st.one_of(logs, logs, logs, batches, kills, others), max_size=30)
without_deadline = settings(deadline=None, suppress_health_check=[*HealthCheck], database=None, print_blob=True)


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Torn ends are warned of, as they should be; thousands of them need not be kept."""
    with caplog.at_level("ERROR", "tracker"):
        yield


def play(store: Path, sequence: list[Do]) -> None:
    """Play a sequence, in runs of its own."""
    world = World(store)
    world.begin()
    try:
        for do in sequence:
            getattr(world, do.name)(*do.arguments)
        world.check()
    finally:
        world.end()


@settings(without_deadline, max_examples=40)
@given(sequences)
def test_any_sequence_equals_the_model(tmp_path: Path, sequence: list[Do]) -> None:
    play(tmp_path / "store", sequence)


@pytest.mark.campaign
@pytest.mark.timeout(3600)
@settings(without_deadline, max_examples=2000)
@given(sequences)
def test_many_sequences_equal_the_model(tmp_path: Path, sequence: list[Do]) -> None:
    play(tmp_path / "store", sequence)


def test_the_model_is_no_mirror(tmp_path: Path) -> None:
    """The control: a point that the store does not have, or has otherwise, is found."""
    world = World(tmp_path / "store")
    world.begin()
    world.log(0, {"loss": 0.0}, 1)
    world.check()
    world.model[world.runs[0], "loss"][0] = (1, bits_of(-0.0))
    with pytest.raises(AssertionError):
        world.check()
    world.end()
