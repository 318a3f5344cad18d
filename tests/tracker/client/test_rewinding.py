"""What is taken back is as if it had never been logged."""

from __future__ import annotations

import logging
import sqlite3
import subprocess
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import anyio
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import tracker
from tracker.client.folder import StoreFolder
from tracker.entities.records import Rewind
from tracker.errors import InvalidMetric
from tracker.upkeep.checkup import examine
from tracker.writer import WriterLock

Process = Callable[..., subprocess.Popen[str]]
KEYS = ("loss", "acc")
MANY = 9000
FAR = 2**40


class Log(NamedTuple):
    """One batch: its metrics, its columns of shape (points,), and values of shape (metrics, points)."""

    keys: tuple[str, ...]
    steps: NDArray[np.int64]
    timestamps: NDArray[np.int64]
    values: NDArray[np.float64]

    def without(self, step: int, before: int) -> Log:
        stays = [
            place
            for place, (at, time) in enumerate(zip(self.steps.tolist(), self.timestamps.tolist(), strict=True))
            if at < step or time >= before
        ]
        return Log(self.keys, self.steps[stays], self.timestamps[stays], self.values[:, stays])

    def into(self, run: tracker.Run) -> None:
        if len(self.steps):
            run.log_batch(dict(zip(self.keys, self.values, strict=True)), self.steps, self.timestamps)


def made(keys: tuple[str, ...], begin: int, count: int, time: int, seed: int) -> Log:
    choice = np.random.default_rng(seed)
    steps = np.arange(begin, begin + count)
    values = choice.choice([1.0, -2.5, 0.0, np.nan, np.inf], (len(keys), count))
    return Log(keys, steps[::-1] if seed % 5 == 0 else steps, np.full(count, time) + steps % 3, values)


small = st.integers(0, 12)
LOGS = st.builds(
    made,
    st.sampled_from([KEYS, KEYS[:1], KEYS[1:]]),
    small,
    st.sampled_from([1, 1, 3, 8, MANY]),
    small,
    st.integers(0, 2**32 - 1),
)
REWINDS = st.tuples(st.sampled_from(["rewind", "say"]), small | st.just(4000), st.just(FAR) | small)
HAPPENINGS = st.lists(LOGS | REWINDS | LOGS | REWINDS | st.sampled_from(["flush", "end", "reopen"]), max_size=14)


def happen(folder: Path, happenings: list[Log | tuple[str, int, int] | str]) -> tuple[str, list[Log]]:
    """Do it in a store and in memory; return the run's ID and what is left in memory."""
    left: list[Log] = []
    opened = tracker.open(folder)
    run = opened.start_run("x")
    for each in happenings:
        if isinstance(each, Log):
            each.into(run)
            left.append(each)
        elif isinstance(each, tuple):
            what, step, before = each
            left = [log.without(step, before) for log in left]
            if what == "rewind":
                run.rewind(step, before)
            else:
                # What follows may be folded in with it.
                opened.inner.engine.recorder.record(Rewind(run.run_id, step, before))
        elif each == "flush":
            run.flush()
        elif each == "end":
            run = opened.start_run(run_id=run.run_id) if run._ended else run  # to end it again
            run.end()
        else:
            opened.close()
            opened = tracker.open(folder)
            run = opened.start_run(run_id=run.run_id)
    opened.close()
    return run.run_id, left


def shown(opened: tracker.Tracker, run_id: str) -> object:
    """Return all that is told of a run's curves, so that it can be compared."""
    found = opened.get_run(run_id)
    curves = {}
    for key in KEYS:
        history = opened.metric_history(run_id, key)
        buckets = [opened.metric_history(run_id, key, points=most) for most in (1, 5, 400)]
        curves[key] = (
            (history.steps.tolist(), history.timestamps.tolist(), repr(history.values.tolist())),
            [repr([column.tolist() for column in vars_of(each)]) for each in buckets],
        )
    summaries = {key: repr(summary) for key, summary in found.summaries.items()}
    return repr(sorted(found.metrics.items())), summaries, curves


def vars_of(buckets: tracker.Buckets) -> list[NDArray[np.float64]]:
    return [getattr(buckets, name) for name in type(buckets).__dataclass_fields__]


def faults(folder: Path) -> list[object]:
    async def look() -> list[object]:
        checks = (await examine(StoreFolder.named(folder), "0")).checks
        return [checks.unreadable, *checks.integrity, *checks.foreign_keys, *checks.curves, *checks.scores]

    return [each for each in anyio.run(look) if each]


@settings(max_examples=25, deadline=None)
@given(happenings=HAPPENINGS)
@example(happenings=[made(KEYS, 0, 8, 0, 1), "end", ("rewind", 3, FAR)])
@example(happenings=[made(KEYS, 0, 8, 0, 1), ("say", 3, FAR), made(KEYS, 2, 3, 0, 2), ("say", 4, FAR)])
@example(happenings=[made(KEYS, 0, MANY, 0, 1), "end", ("rewind", MANY - 100, FAR), made(KEYS, 0, MANY, 0, 1), "end"])
def test_what_is_left_is_what_lists_in_memory_have(happenings: list[Log | tuple[str, int, int] | str]) -> None:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        run_id, left = happen(folder, happenings)
        with tracker.open(folder) as opened:
            twin = opened.start_run("twin")
            for log in left:
                log.into(twin)
                twin.flush()
            assert shown(opened, run_id) == shown(opened, twin.run_id)
            for key in KEYS:
                points = [
                    point
                    for log in left
                    if key in log.keys
                    for point in zip(
                        log.steps.tolist(),
                        log.timestamps.tolist(),
                        log.values[log.keys.index(key)].tolist(),
                        strict=True,
                    )
                ]
                found = opened.metric_history(run_id, key)
                told = list(zip(found.steps.tolist(), found.timestamps.tolist(), found.values.tolist(), strict=True))
                assert repr(told) == repr(sorted(points, key=lambda point: point[0]))
        assert faults(folder) == []


def test_what_comes_after_is_not_taken_back_wherever_it_stands(
    opened: tracker.Tracker, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A part of a journal holds some hundred calls then, and a reading takes several.
    monkeypatch.setattr("tracker.journal.open_part.PART_BYTES", 8192)
    run = opened.start_run("x")
    # So that all of it is folded in at once.
    with WriterLock(StoreFolder.named(opened.path).lock).held(wait=True):
        for step in range(150):
            run.log({"loss": 1.0}, step=step)
        opened.inner.engine.recorder.record(Rewind(run.run_id, 100, 2**62))
        for step in range(120, 400):
            run.log({"loss": 2.0}, step=step)
    run.flush()
    assert opened.metric_history(run.run_id, "loss").steps.tolist() == [*range(100), *range(120, 400)]


def test_checkpoints_and_other_runs_stay(opened: tracker.Tracker, validation: tracker.Dataset) -> None:
    run, other = opened.start_run("x"), opened.start_run("x")
    for each in (run, other):
        each.log({"loss": 1.0, "acc": 0.1}, step=5)
        each.log({"gone": 1.0}, step=5)
        each.log_model("net", lambda folder: (folder / "w").write_text("w"), step=5).log(
            {"acc": 0.9}, dataset=validation
        )
    run.rewind(5, 2**62)
    found, untouched = opened.get_run(run.run_id), opened.get_run(other.run_id)
    assert found.metrics == {"acc": 0.9}
    assert untouched.metrics == {"loss": 1.0, "acc": 0.9, "gone": 1.0}
    assert opened.metric_history(run.run_id, "acc", "validation").values.tolist() == [0.9]
    assert opened.metric_history(other.run_id, "acc").values.tolist() == [0.1]
    assert [model.metrics for model in opened.search_logged_models()] == [{"acc": 0.9}] * 2
    assert [each.run_id for each in opened.search_runs(filter_string="metrics.loss > 0")] == [other.run_id]


def test_what_another_process_logged_before_is_taken_back(opened: tracker.Tracker, start_python: Process) -> None:
    run = opened.start_run("x")
    process = start_python(
        """
        import sys, tracker
        run = tracker.current_run()
        for begin in (0, 3):
            for step in range(begin, begin + 5):
                run.log({"loss": float(begin)}, step=step)
            print(flush=True)
            sys.stdin.readline()
        """,
        TRACKER_STORE=opened.store,
        TRACKER_RUN_ID=run.run_id,
        TRACKER_EXPERIMENT="x",
    )
    assert process.stdout
    process.stdout.readline()
    run.rewind(3, 2**62)
    assert opened.metric_history(run.run_id, "loss").steps.tolist() == [0, 1, 2]
    _, told = process.communicate("\n\n", timeout=60)
    assert (process.returncode, told) == (0, "")
    assert opened.catch_up()
    found = opened.metric_history(run.run_id, "loss")
    assert (found.steps.tolist(), found.values.tolist()) == (list(range(8)), [0.0] * 3 + [3.0] * 5)


def test_who_follows_is_given_the_curve_whole_again(opened: tracker.Tracker) -> None:
    run, other = opened.start_run("x"), opened.start_run("x")
    for each in (run, other):
        each.log_batch({"loss": np.arange(10.0)})
    cursor = opened.metric_histories([run.run_id, other.run_id]).cursor
    one = opened.metric_history(run.run_id, "loss").cursor
    run.rewind(10, 2**62)  # takes nothing back
    assert not opened.metric_histories([run.run_id, other.run_id], since=cursor)
    run.rewind(4, 2**62)
    run.log({"loss": 9.0}, step=4)
    other.log({"loss": 9.0}, step=10)
    found = opened.metric_histories([run.run_id, other.run_id], since=cursor)
    assert {run_id: curve.steps.tolist() for (run_id, _), curve in found.items()} == {
        run.run_id: [0, 1, 2, 3, 4],
        other.run_id: [10],
    }
    assert opened.metric_history(run.run_id, "loss", since=one).steps.tolist() == [0, 1, 2, 3, 4]
    run.rewind(0, 2**62)
    run.log({"loss": 7.0}, step=1)
    assert opened.metric_history(run.run_id, "loss", since=found.cursor).values.tolist() == [7.0]


def test_an_earlier_holder_takes_nothing_back(opened: tracker.Tracker) -> None:
    run = opened.start_run("x")
    run.log({"loss": 1.0}, step=1)
    with tracker.attach(opened.store, token=1) as attachment:
        run.fence(2)
        attachment.run(run.run_id).rewind(0, 2**62)
    assert opened.catch_up()
    assert len(opened.metric_history(run.run_id, "loss")) == 1


def test_a_damaged_curve_stays_as_it_is(store: Path, caplog: pytest.LogCaptureFixture) -> None:
    with tracker.open(store) as opened:
        run = opened.start_run("x")
        run.log({"loss": 1.0, "acc": 1.0}, step=1)
    with closing(sqlite3.connect(store / "tracker.db")) as connection, connection:
        connection.execute(
            """UPDATE segments SET data = x'00' WHERE series_no =
            (SELECT series_no FROM series JOIN metric_keys USING (key_no) WHERE key = 'loss')"""
        )
    with tracker.open(store) as opened, caplog.at_level(logging.WARNING, "tracker"):
        opened.start_run(run_id=run.run_id).rewind(0, 2**62)
        assert opened.get_run(run.run_id).metrics == {"loss": 1.0}
    assert [text for text in caplog.messages if "rewound" in text and "'loss'" in text]


@pytest.mark.anyio
async def test_it_is_there_for_async_code(store: Path) -> None:
    async with tracker.connect(store) as opened:
        run = await opened.start_run("x")
        await run.log_batch({"loss": [1.0, 2.0, 3.0]}, timestamps=[10, 20, 30])
        await run.rewind(1, 30)
        assert (await opened.metric_history(run.run_id, "loss")).steps.tolist() == [0, 2]


@pytest.mark.parametrize(("step", "before"), [("1", 0), (1, 0.5), (2**63, 0), (0, 2**63)])
def test_a_step_and_a_time_are_whole_numbers(opened: tracker.Tracker, step: int, before: int) -> None:
    with pytest.raises(InvalidMetric):
        opened.start_run("x").rewind(step, before)
